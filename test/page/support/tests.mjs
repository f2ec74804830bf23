// SPDX-License-Identifier: Apache-2.0
// The list of tests. A test gets a server that all share and a page of its own; it can run alone.
export const tests = [];

/**
 * `run` is given { server, page, visitor, browser }. Options: `own` for a test that starts its own
 * server or needs no page, `seconds` for one that may take long.
 */
export function test(name, run, options = {}) {
  tests.push({ name, run, seconds: 240, ...options });
}

export function equal(actual, expected, what = "value") {
  const [a, b] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (a !== b) throw new Error(`${what}: ${a} instead of ${b}`);
}

export function ok(value, what) {
  if (!value) throw new Error(what);
}
