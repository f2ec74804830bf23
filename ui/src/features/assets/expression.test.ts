// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { conditionOf, extraOf } from "./expression";

describe("the condition of a schedule", () => {
  const asset = (name: string, id: number) => ({
    asset: { id, name, uri: name, group: "asset" },
  });

  it("keeps how assets are joined", () => {
    const expression = {
      all: [asset("a", 1), { any: [asset("b", 2), { alias: { name: "files", group: "asset" } }] }],
    };
    expect(conditionOf(expression)).toEqual({
      word: "and",
      parts: [
        { name: "a", id: 1 },
        { word: "or", parts: [{ name: "b", id: 2 }, { name: "files" }] },
      ],
    });
  });

  it("is nothing where there is none", () => {
    for (const none of [null, undefined, {}, "a", { asset: 3 }, { none: [] }, { any: {} }])
      expect(conditionOf(none)).toBeNull();
  });
});

describe("the extra of an event", () => {
  it("is an object or a problem", () => {
    expect(extraOf(" ")).toEqual({ extra: {} });
    expect(extraOf('{"rows": 3}')).toEqual({ extra: { rows: 3 } });
    expect(extraOf("[1]")).toHaveProperty("problem");
    expect(extraOf("{")).toHaveProperty("problem");
  });
});
