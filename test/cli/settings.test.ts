import { describe, expect, it } from 'vitest'
import { planRecipe } from '../../src/conv/plan.ts'
import { only, separable } from '../../src/filters/plane.ts'
import { filterOptions } from '../../src/operators/recipe.ts'
import { resolve } from '../../src/params.ts'
import { conflicts, shortNames } from '../../src/picture/run-settings.ts'
import { kernelOptions, type Settings, sharedSettings } from '../../src/picture/settings.ts'

const set = (given: Record<string, unknown>) => resolve(sharedSettings, given)

describe('the values of the shared options', () => {
  it.each([
    ['anchor', '0,2', { x: 0, y: 2 }],
    ['stride', '2', [2, 2]],
    ['stride', '2,3', [2, 3]],
    ['dilation', 2, [2, 2]],
    ['padding', 'same', ['same', 'same']],
    [
      'padding',
      '1',
      [
        [1, 1],
        [1, 1],
      ],
    ],
    [
      'padding',
      '1,2',
      [
        [1, 1],
        [2, 2],
      ],
    ],
    [
      'padding',
      '1,2,3,4',
      [
        [1, 2],
        [3, 4],
      ],
    ],
    ['border', 'nearest', 'replicate'],
    ['border', 'Wrap', 'wrap'],
    ['fill', '255', 255],
    ['bias', '-3.5', -3.5],
    ['range', 'raw', 'raw'],
    ['alpha', 'drop', 'drop'],
    ['channels', 'montage', 'montage'],
    ['channels', '0,2', [0, 2]],
    ['depth', '16', 16],
    ['depth', 8, 8],
    ['threads', '3', 3],
    ['compression', '0', 0],
    ['max-pixels', '100M', 100e6],
    ['max-pixels', '1.5k', 1500],
    ['max-pixels', '2G', 2e9],
    ['max-pixels', '7', 7],
    ['no-orient', true, true],
  ] as const)('--%s %s', (name, given, value) => {
    expect(set({ [name]: given })[name]).toEqual(value)
  })

  it.each([
    ['anchor', '1', '--anchor must be 2 numbers, got "1"'],
    ['anchor', '1,-1', '--anchor must be at least 0, got -1'],
    ['anchor', '1,0.5', '--anchor must be whole numbers, got "1,0.5"'],
    ['stride', '0', '--stride must be at least 1, got 0'],
    ['stride', '1,2,3', '--stride must be 1 to 2 numbers, got "1,2,3"'],
    ['dilation', '1.5', '--dilation must be whole numbers, got "1.5"'],
    ['padding', 'smae', '--padding must be same, valid, full, or 1, 2 or 4 numbers, got "smae"'],
    [
      'padding',
      '1,2,3',
      '--padding must be 1, 2 or 4 numbers (one for all; y,x; top,bottom,left,right), got "1,2,3"',
    ],
    ['padding', '-1', '--padding must be at least 0, got -1'],
    ['fill', '256', '--fill must be from 0 to 255, got 256'],
    ['scale', 'x', '--scale must be a number, got "x"'],
    ['channels', 'all', '--channels must be montage, split, first or a list of numbers, got "all"'],
    ['depth', '12', '--depth must be 8, 16 or 32, got "12"'],
    ['compression', '10', '--compression must be from 0 to 9, got 10'],
    [
      'max-pixels',
      '0',
      '--max-pixels must be a number of pixels of at least 1, such as 5000000 or 100M, got "0"',
    ],
    [
      'max-pixels',
      '3T',
      '--max-pixels must be a number of pixels of at least 1, such as 5000000 or 100M, got "3T"',
    ],
    ['range', 'wrap', '--range must be one of clamp, abs, offset, minmax, raw, got "wrap"'],
  ])('--%s %s is refused', (name, given, message) => {
    expect(() => set({ [name]: given })).toThrow(expect.objectContaining({ code: 'E_OPTION', message }))
  })

  it('are undefined unless given, where the kernel or the picture may have its say', () => {
    const settings = set({})
    for (const name of [
      'border',
      'fill',
      'anchor',
      'scale',
      'bias',
      'stride',
      'range',
      'alpha',
      'depth',
    ] as const)
      expect(settings[name]).toBeUndefined()
  })
})

const optionsOf = (settings: Settings, border?: string) => filterOptions(kernelOptions(settings), border)

describe('filterOptions', () => {
  it('takes the border of the kernel file unless one is given', () => {
    expect(optionsOf(set({})).border).toBe('replicate')
    expect(optionsOf(set({}), 'wrap').border).toBe('wrap')
    expect(optionsOf(set({ border: 'reflect' }), 'wrap').border).toBe('reflect')
  })
  it('refuses a fill value that no border shows', () => {
    expect(() => optionsOf(set({ fill: '9' }))).toThrow(
      expect.objectContaining({
        code: 'E_OPTION',
        message: '--fill does not apply to --border replicate',
        fix: '--border constant',
      }),
    )
    expect(optionsOf(set({ fill: '9', border: 'constant' })).fill).toBe(9)
    expect(optionsOf(set({ fill: '9' }), 'constant').fill).toBe(9)
  })
  it('gives the plan y before x', () => {
    const settings = set({ anchor: '2,0', stride: '2,3', padding: '1,2,3,4' })
    expect(optionsOf(settings)).toMatchObject({
      anchor: [0, 2],
      stride: [2, 3],
      padding: [
        [1, 2],
        [3, 4],
      ],
    })
    const plan = planRecipe(only(separable([1], [1, 1, 1])), optionsOf(settings), {
      width: 20,
      height: 9,
      samples: 'u8',
    })
    // floor((9 + 1 + 2 - 1) / 2) + 1 rows, floor((20 + 3 + 4 - 3) / 3) + 1 columns
    expect([plan.outHeight, plan.outWidth]).toEqual([6, 9])
  })
})

describe('the tables of settings', () => {
  it('name real settings in conflicts, and no short name twice', () => {
    const names = Object.keys(sharedSettings)
    for (const [a, b] of conflicts) expect(names).toEqual(expect.arrayContaining([a, b]))
    expect(new Set(Object.values(shortNames)).size).toBe(Object.keys(shortNames).length)
  })
})
