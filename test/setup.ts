import { build } from '../src/build.mjs'

/** Builds the bundles and the WASM, which the tests run as a user would. `npm run package` has packed a build already. */
export default async function setup(): Promise<void> {
  if (process.env.CONVO_ARCHIVE === undefined) await build({ types: false })
}
