import { describe, expect, it } from 'vitest'
import { project } from './project.ts'

const here = project({
  'package.json': '{ "private": true, "type": "module" }',
  'alone.mts': `import { matchGolden, toMatchGolden, type GoldenOptions } from 'convo/matchers'
const options: GoldenOptions = { maxAbs: 2, name: 'after', mask: 'mask.png' }
await matchGolden({ name: 'a test' }, 'picture.png', options)
// @ts-expect-error: no such option
await matchGolden({ name: 'a test' }, 'picture.png', { maxAps: 2 })
export { toMatchGolden }
`,
  'common.cts': `import { toMatchGolden } from 'convo/matchers'
export = toMatchGolden
`,
  'vitest.mts': `import { expect, test } from 'vitest'
import convo, { Tensor } from 'convo'
import { toMatchGolden } from 'convo/matchers'
expect.extend({ toMatchGolden })
test('types', async () => {
  const told: Promise<void> = expect(convo('a.png').sobel()).toMatchGolden()
  await told
  await expect(new Tensor([1, 1], new Float32Array(1))).toMatchGolden('named')
  // @ts-expect-error: no such option
  await expect(Buffer.alloc(1)).toMatchGolden({ maxAps: 2 })
})
`,
  'playwright.mts': `import { expect, test } from '@playwright/test'
import { toMatchGolden } from 'convo/matchers'
expect.extend({ toMatchGolden })
test('types', async ({ page }) => {
  await expect(page.screenshot()).toMatchGolden({ maxDiffRatio: 0.01 })
  // @ts-expect-error: no such option
  await expect(page.screenshot()).toMatchGolden({ maxAps: 2 })
})
`,
  'jest.mts': `import { expect, test } from '@jest/globals'
import { type GoldenMatchers, toMatchGolden } from 'convo/matchers'
declare module 'expect' {
  interface Matchers<R extends void | Promise<void>, T = unknown> extends GoldenMatchers {}
}
expect.extend({ toMatchGolden })
test('types', async () => {
  await expect(Buffer.alloc(1)).toMatchGolden({ minSsim: 0.99 })
})
`,
})

const strict = {
  module: 'nodenext',
  target: 'es2022',
  lib: ['es2022', 'dom'],
  strict: true,
  exactOptionalPropertyTypes: true,
  noEmit: true,
}

const check = (files: readonly string[], more: object) => {
  here.write('tsconfig.json', JSON.stringify({ compilerOptions: { ...strict, ...more }, files }))
  return here.node([here.at('node_modules/typescript/bin/tsc'), '-p', '.'])
}

describe('the types of the matcher', () => {
  it('hold without any runner, in full', async () => {
    const checked = await check(['alone.mts', 'common.cts'], { skipLibCheck: false, types: [] })
    expect(checked).toEqual({ status: 0, told: '' })
  })

  it('are those of Vitest, Playwright Test and Jest', async () => {
    for (const file of ['vitest.mts', 'playwright.mts', 'jest.mts']) {
      expect([file, await check([file], { skipLibCheck: true, types: ['node'] })]).toEqual([
        file,
        { status: 0, told: '' },
      ])
    }
  })
})
