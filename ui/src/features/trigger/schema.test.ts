// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { allowsNull, fieldKind, problem } from "./schema";

describe("fieldKind", () => {
  it("follows the schema before the value", () => {
    expect(fieldKind({ enum: ["a", "b"] }, "a")).toBe("choice");
    expect(fieldKind({ type: ["null", "string"] }, null)).toBe("text");
    expect(fieldKind({ type: "string", format: "date-time" }, "")).toBe("datetime");
    expect(fieldKind({ type: "array", items: { type: "string" } }, [])).toBe("list");
    expect(fieldKind({ type: "array", items: { type: "object" } }, [])).toBe("json");
    expect(fieldKind({ type: ["string", "integer"] }, 1)).toBe("json");
  });
  it("follows the value where the schema says nothing", () => {
    expect(fieldKind({}, true)).toBe("switch");
    expect(fieldKind({}, 3)).toBe("number");
    expect(fieldKind({}, { a: 1 })).toBe("json");
  });
});

describe("problem", () => {
  it("knows limits", () => {
    expect(problem({ type: "integer", minimum: 1, maximum: 9 }, 10)).toBe("At most 9");
    expect(problem({ type: "integer" }, 1.5)).toBe("A whole number");
    expect(problem({ type: "string", minLength: 2 }, "a")).toBe("At least 2 characters");
    expect(problem({ type: "string", pattern: "^a" }, "b")).toBe("Must match ^a");
    expect(problem({ enum: ["x"] }, "y")).toBe("One of the choices");
  });
  it("leaves patterns it cannot read to the server", () => {
    expect(problem({ type: "string", pattern: "(?P<year>\\d+)" }, "b")).toBeNull();
  });
  it("asks for what may not be null", () => {
    expect(problem({ type: "string" }, null)).toBe("Needs a value");
    expect(problem({ type: ["null", "string"] }, null)).toBeNull();
    expect(problem({}, null)).toBeNull();
    expect(allowsNull({ enum: [null, 1] })).toBe(true);
  });
});
