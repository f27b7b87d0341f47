import { describe, expect, it } from 'vitest'
import { stepFilters } from '../../src/filters/table.ts'
import { nodeOf, sourceNode, traced, tracer } from '../../src/graph/node.ts'
import { listed, planStrip } from '../../src/graph/schedule.ts'
import { resolve } from '../../src/params.ts'
import { seenOf } from '../../src/teach/explain/seen.ts'

const size = 400

async function graphOf(name: string, given: object = {}, settings: object = {}) {
  const entry = stepFilters[name]!
  const step = await entry.build({
    values: resolve(entry.params, { ...given }),
    kernel: undefined,
    settings,
    channels: 3,
    full: 255,
  })
  return nodeOf(await step.apply(traced(sourceNode([3, size, size])), tracer))
}

describe('what steps see', () => {
  const names = Object.keys(stepFilters).filter((name) => stepFilters[name]!.kernel !== 'required')
  it.each(names)(
    '%s: the rows that a row in the middle is computed of, and as many columns',
    async (name) => {
      const out = await graphOf(name)
      const list = listed(out)
      const middle = Math.floor(out.shape[1] / 2)
      const rows = planStrip(list, [middle, middle + 1]).buffers.flatMap((buffer, i) =>
        list[i]!.work.kind === 'source' ? buffer.rows.flat() : [],
      )
      const { receptiveField } = seenOf(out)
      expect(receptiveField).toEqual(Array(2).fill(Math.max(...rows) - Math.min(...rows)))
    },
  )
  it('windows, borders, sizes and multiplications', async () => {
    expect(seenOf(await graphOf('median', { size: '5,3' }, { border: 'wrap' }))).toEqual({
      receptiveField: [3, 5],
      step: [1, 1],
      multiplications: 0,
      windows: [{ size: [3, 5], pixels: 15 }],
      borders: ['wrap'],
    })
    const { windows, borders } = seenOf(await graphOf('gradient', { size: 5, shape: 'diamond' }))
    expect([windows, borders]).toEqual([[{ size: [5, 5], pixels: 13 }], ['none']])
    const half = seenOf(await graphOf('resize', { curve: 'box', width: 100, height: 200 }))
    expect(half).toMatchObject({ step: [2, 4], multiplications: 3 * (400 * 400 + 400 * 100) })
  })
})
