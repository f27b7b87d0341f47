import { build } from '../src/build.mjs'

/** Builds the bundles and the WASM, which the tests run as a user would. */
export default async function setup(): Promise<void> {
  await build({ types: false })
}
