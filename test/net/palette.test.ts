import { describe, expect, it } from 'vitest'
import { referenceEngine } from '../../src/definition/engine.ts'
import { heatNames, heatPalette } from '../../src/net/palette.ts'
import { type PassOptions, pass } from '../../src/net/through.ts'
import { Tensor } from '../../src/tensor/tensor.ts'
import { modelFor, type TestNetwork } from './graphs.ts'

describe('palettes of numbers', () => {
  // from matplotlib's tables
  it.each([
    ['gray', [0, 0, 0], [64, 64, 64], [127, 127, 127], [203, 203, 203], [255, 255, 255]],
    ['viridis', [68, 1, 84], [59, 82, 139], [33, 144, 141], [119, 209, 83], [253, 231, 37]],
    ['magma', [0, 0, 4], [81, 18, 124], [181, 54, 122], [254, 157, 108], [252, 253, 191]],
    ['turbo', [48, 18, 59], [40, 188, 235], [161, 253, 61], [241, 93, 19], [122, 4, 3]],
  ] as const)('%s is within a level of the published one', (name, ...colours) => {
    const made = heatPalette(name)
    expect(made.length).toBe(768)
    for (const [k, at] of [0, 64, 127, 203, 255].entries())
      for (let c = 0; c < 3; c++)
        expect(Math.abs(made[3 * at + c]! - (colours[k] as readonly number[])[c]!)).toBeLessThanOrEqual(1)
  })

  it('are the ones that are listed', () => expect(heatNames).toEqual(['gray', 'viridis', 'magma', 'turbo']))
})

describe('a map of numbers', () => {
  const times = (by: number, last?: string): TestNetwork => ({
    shape: [1, 3, 1, 4],
    nodes: [
      { operator: 'Mul', inputs: ['x', { shape: [1], data: [by] }], outputs: ['m'] },
      ...(last === undefined ? [] : [{ operator: last, inputs: ['m'], outputs: ['y'] }]),
    ],
  })
  const levels = Float32Array.of(0, 51, 102, 255, 10, 10, 10, 10, 255, 0, 0, 0)
  const made = async (network: TestNetwork, options: Partial<PassOptions>) =>
    pass(await modelFor(network), new Tensor([3, 1, 4], levels), referenceEngine, {
      full: 255,
      inRange: '0..1',
      paintsLabels: true,
      ...options,
    })
  const colourAt = ({ planes }: { planes: Tensor }, i: number) => [0, 1, 2].map((c) => planes.data[c * 4 + i])
  const viridis = (i: number) => heatPalette('viridis').slice(3 * i, 3 * i + 3)

  it('goes from its smallest number to its largest', async () => {
    const out = await made(times(-7), { map: 0, heat: 'viridis' })
    expect(out.planes.shape).toEqual([3, 1, 4])
    expect(out.isPicture).toBe(true)
    expect([0, 1, 2, 3].map((i) => colourAt(out, i))).toEqual([255, 204, 153, 0].map(viridis))
    expect(out.notes.at(-1)).toContain('from the smallest number of the map to the largest')
  })

  it('is noted where its range is guessed, and not where it is asked for', async () => {
    const maps: TestNetwork = {
      ...times(1),
      nodes: [
        ...times(1).nodes,
        { operator: 'Concat', inputs: ['m', 'x'], outputs: ['y'], attributes: { axis: 1 } },
      ],
    }
    for (const [network, options, note] of [
      [maps, {}, 'outputs 6 maps of numbers'],
      [maps, { map: 0 }, 'outputs a map of numbers'],
      [maps, { map: 0, heat: 'viridis' }, 'from the smallest number'],
    ] as const) {
      expect((await made(network, options)).notes.join()).toContain(note)
      expect((await made(network, { ...options, outRange: 'raw' })).notes).toEqual([])
    }
  })

  it('has fixed ends in a range', async () => {
    const out = await made(times(0.5), { map: 0, heat: 'viridis', outRange: '0..1' })
    expect([0, 2, 3].map((i) => colourAt(out, i))).toEqual([0, 51, 128].map(viridis))
    const sure = await made(times(100, 'Sigmoid'), { map: 2, heat: 'viridis' })
    expect([0, 1].map((i) => colourAt(sure, i))).toEqual([255, 128].map(viridis))
  })

  it('that is the same everywhere has the colour of the smallest', async () => {
    const out = await made(times(1), { map: 1, heat: 'viridis' })
    expect(colourAt(out, 2)).toEqual(viridis(0))
  })

  it('is written alone in levels, without a palette', async () => {
    const out = await made(times(1), { map: 2, outRange: '0..1' })
    expect([...out.planes.data]).toEqual([255, 0, 0, 0])
  })

  it('is chosen among several, and is none of classes', async () => {
    const refusal = (network: TestNetwork, options: Partial<PassOptions>) =>
      made(network, options).catch(String)
    expect(await refusal(times(1), { heat: 'magma' })).toContain(
      '--palette needs one map, and the network outputs 3',
    )
    expect(await refusal(times(1), { map: 3 })).toContain('there is no map 3: the network outputs 3')
    expect(await refusal(times(1, 'ArgMax'), { heat: 'magma' })).toContain('the network outputs classes')
  })
})
