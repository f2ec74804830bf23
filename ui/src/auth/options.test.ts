// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { placeToReturn, signInProblem } from "./options";

describe("the word about a sign-in", () => {
  it("becomes a sentence of ours, whatever it is", () => {
    expect(signInProblem("")).toBeNull();
    expect(signInProblem("?sign_in=no_role")).toContain("role");
    expect(signInProblem("?sign_in=<b>hi</b>")).toContain("failed");
    expect(signInProblem("?sign_in=toString")).toContain("failed");
  });
  it("does not come along", () => {
    expect(placeToReturn({ pathname: "/dags", search: "?a=1&sign_in=expired" })).toBe("/dags?a=1");
    expect(placeToReturn({ pathname: "/", search: "?sign_in=expired" })).toBe("/");
  });
});
