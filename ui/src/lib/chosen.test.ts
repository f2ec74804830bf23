// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { between, chooseCells, hasAll, toggleCells, type ChosenCells } from "./chosen";

const plain = (chosen: ChosenCells) =>
  Object.fromEntries([...chosen].map(([run, tasks]) => [run, [...tasks].sort()]));

test("cells are chosen by run and task, more of them are added", () => {
  const one = chooseCells(new Map(), ["r1"], ["a"]);
  const more = chooseCells(one, ["r1", "r2"], ["b", "c"]);
  expect(plain(one)).toEqual({ r1: ["a"] });
  expect(plain(more)).toEqual({ r1: ["a", "b", "c"], r2: ["b", "c"] });
  expect(hasAll(more, ["r1", "r2"], ["b"])).toBe(true);
  expect(hasAll(more, ["r1", "r2"], ["a"])).toBe(false);
});

test("a group is chosen as a whole, and left again only when all of it is chosen", () => {
  const part = chooseCells(new Map(), ["r1"], ["g.a"]);
  const group = toggleCells(part, ["r1"], ["g.a", "g.b"]);
  expect(plain(group)).toEqual({ r1: ["g.a", "g.b"] });
  expect(plain(toggleCells(group, ["r1"], ["g.a", "g.b"]))).toEqual({});
  expect(plain(toggleCells(group, ["r1"], ["g.a"]))).toEqual({ r1: ["g.b"] });
});

test("a range runs either way and has both ends", () => {
  expect(between(["a", "b", "c", "d"], 1, 3)).toEqual(["b", "c", "d"]);
  expect(between(["a", "b", "c", "d"], 2, 0)).toEqual(["a", "b", "c"]);
});
