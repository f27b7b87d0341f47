import { build } from '../src/build.mjs'

/** Builds what the tests run as a user would: the bundles and the WASM. */
export default async function setup(): Promise<void> {
  await build({ types: false })
}
