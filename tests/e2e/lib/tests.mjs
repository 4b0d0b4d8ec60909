// What a test file uses: `test(name, options, body)`, and assertions that say what they saw.

import assert from "node:assert/strict";

export { assert };

/** The tests that the loaded files have declared. */
export const declared = [];

/** Tests that cannot run here, with the reason. */
export const skipped = [];

/** Says that a test cannot run here, and why. */
export function skip(name, why) {
  skipped.push({ name, why });
}

/**
 * Declares a test. `body` receives an opened page (see browser.mjs) once the interface has started.
 * After it, the page must have no console error, uncaught error or failed request.
 *
 * @param {string} name a sentence about what a user sees
 * @param {object} options what browser.mjs' `open` takes, and:
 * @param {RegExp[]} [options.expectedErrors] errors that belong to what is tested
 * @param {boolean} [options.waitForStart] false: the body looks at the page before it has started
 * @param {(opened: Awaited<ReturnType<import("./browser.mjs").open>>) => Promise<void>} body
 */
export function test(name, options, body) {
  declared.push({ name, options, body });
}

/** The same test in desktop and phone size. */
export function testInBothSizes(name, options, body) {
  for (const size of ["desktop", "phone"]) {
    test(`${name} (${size})`, { ...options, size }, body);
  }
}

/** Fails with the list when the page has had errors other than those expected. */
export function assertNoErrors(errors, expected = []) {
  const unexpected = errors.filter((error) => !expected.some((pattern) => pattern.test(error)));
  assert.deepEqual(unexpected, [], "the page reported errors");
}
