import { expect, it } from 'vitest'
import { boundOf } from '../../src/graph/bound.ts'
import { nodeOf, sourceNode, traced, tracer } from '../../src/graph/node.ts'

const shape = [1, 4, 4] as const
const margins = { top: 2, bottom: 2, left: 2, right: 2 }

it.each([
  ['constant', -300, 300],
  ['constant', 3, 8],
  ['replicate', 300, 8],
] as const)('a frame of %s %d over samples up to 8 has samples up to %d', async (border, fill, most) => {
  const framed = await tracer.layer('framed', [traced(sourceNode(shape), shape)], { margins, border, fill })
  const bound = boundOf(nodeOf(framed), () => 8)
  expect(bound).toBeGreaterThanOrEqual(most)
  expect(bound).toBeLessThan(most * 1.1)
})
