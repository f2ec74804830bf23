// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { auditText } from "./auditText";

test("says what was sent without what other columns have", () => {
  const body = { username: "vera", role: "Viewer", password: "***" };
  const extra = JSON.stringify({ method: "POST", api_token_id: 1, dag_id: "d", body });
  expect(auditText(extra)).toBe("username: vera · role: Viewer · password: *** · with token 1");
  expect(auditText('{"way":"login"}')).toBe("way: login");
});

test("what is no object stays as it is", () => {
  expect(auditText(null)).toBe("");
  expect(auditText("not json")).toBe("not json");
  expect(auditText("[1]")).toBe("[1]");
});
