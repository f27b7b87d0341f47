import { floats, randoms, type TestNetwork, type TestNode, type Weights, wholes } from './graphs.ts'
import type { Attributes } from './interpreter.ts'

// Published networks, with few channels and seeded weights.

/** Adds nodes in sequence. Every method returns the name of its output. */
function builder(seed: number) {
  const random = randoms(seed)
  const nodes: TestNode[] = []
  let count = 0
  const add = (
    operator: string,
    inputs: TestNode['inputs'],
    attributes: Attributes = {},
    more = 0,
  ): string => {
    const name = `v${count++}`
    nodes.push({
      operator,
      inputs,
      outputs: [name, ...Array.from({ length: more }, () => `v${count++}`)],
      attributes,
    })
    return name
  }
  const weights = (spread: number, ...shape: number[]): Weights => {
    const { data } = floats(random, ...shape)
    return { shape, data: data.map((v) => Math.fround(v * spread)) }
  }
  const conv = (x: string, from: number, to: number, k: number, pad: number): string =>
    add('Conv', [x, weights(Math.sqrt(6 / (from * k * k)), to, from, k, k), weights(0.1, to)], {
      pads: [pad, pad, pad, pad],
    })
  const relu = (x: string) => add('Relu', [x])
  const twice = { kernel_shape: [2, 2], strides: [2, 2] }
  return {
    nodes,
    add,
    conv,
    relu,
    pool: (x: string) => add('MaxPool', [x], twice),
    /** Also returns the switches, which have the next name. */
    pooled: (x: string) => [add('MaxPool', [x], twice, 1), `v${count - 1}`] as const,
    unpool: (x: string, switches: string) => add('MaxUnpool', [x, switches], twice),
    up: (x: string, from: number, to: number, k: number, stride: number) =>
      add('ConvTranspose', [x, weights(2 / k, from, to, k, k)], { strides: [stride, stride] }),
    /** Crops rows and columns from `offset` to `ends`, which count from the end if negative. */
    crop: (x: string, offset: number, ends: readonly [number, number] = [-offset, -offset]) =>
      add('Slice', [x, wholes(offset, offset), wholes(...ends), wholes(2, 3)]),
  }
}

/** Returns the height or width after the steps of FCN-8s. */
const fcnSizes = (n: number) => {
  const first = n + 198
  const halves = [1, 2, 3, 4, 5].reduce<number[]>((list) => [...list, Math.floor(list.at(-1)! / 2)], [first])
  return { pool3: halves[3]!, pool4: halves[4]!, score: halves[5]! - 6 }
}

/** FCN-8s (Long, Shelhamer and Darrell 2015): with a padding of 100, and crops of 5, 9 and 31 before additions. */
export function fcn8s([height, width]: readonly [number, number], classes = 5): TestNetwork {
  const { nodes, add, conv, relu, pool, up, crop } = builder(1)
  const widths = [3, 4, 4, 6, 6, 6]
  const pools: string[] = []
  let x = 'x'
  for (const [i, to] of widths.slice(1).entries()) {
    const pad = i === 0 ? 100 : 1
    x = pool(relu(conv(relu(conv(x, widths[i]!, to, 3, pad)), to, to, 3, 1)))
    pools.push(x)
  }
  const score = conv(relu(conv(relu(conv(x, 6, 8, 7, 0)), 8, 8, 1, 0)), 8, classes, 1, 0)
  const [h, w] = [fcnSizes(height), fcnSizes(width)]
  const up2 = [2 * h.score + 2, 2 * w.score + 2] as const
  const fuse4 = add('Add', [
    up(score, classes, classes, 4, 2),
    crop(conv(pools[3]!, 6, classes, 1, 0), 5, [5 + up2[0], 5 + up2[1]]),
  ])
  const up4 = [2 * up2[0] + 2, 2 * up2[1] + 2] as const
  const fuse3 = add('Add', [
    up(fuse4, classes, classes, 4, 2),
    crop(conv(pools[2]!, 6, classes, 1, 0), 9, [9 + up4[0], 9 + up4[1]]),
  ])
  add('ArgMax', [crop(up(fuse3, classes, classes, 16, 8), 31, [31 + height, 31 + width])], {
    axis: 1,
    keepdims: 1,
  })
  return { shape: [1, 3, height, width], nodes }
}

/** SegNet (Badrinarayanan, Kendall and Cipolla 2017): the maximum of each window goes back to its position. */
export function segnet([height, width]: readonly [number, number], classes = 5): TestNetwork {
  const { nodes, add, conv, relu, pooled, unpool } = builder(2)
  const widths = [3, 4, 6, 8, 8]
  const switches: string[] = []
  let x = 'x'
  for (const [i, to] of widths.slice(1).entries()) {
    const [down, places] = pooled(relu(conv(relu(conv(x, widths[i]!, to, 3, 1)), to, to, 3, 1)))
    switches.push(places)
    x = down
  }
  for (let i = widths.length - 1; i > 0; i--) {
    const to = i === 1 ? classes : widths[i - 1]!
    const wide = relu(conv(unpool(x, switches[i - 1]!), widths[i]!, widths[i]!, 3, 1))
    x = conv(wide, widths[i]!, to, 3, 1)
    if (i > 1) x = relu(x)
  }
  add('Softmax', [x], { axis: 1 })
  return { shape: [1, 3, height, width], nodes }
}

/** U-Net (Ronneberger, Fischer and Brox 2015), two levels deep, without padding: joined tensors are cropped. */
export function unet([height, width]: readonly [number, number], classes = 3): TestNetwork {
  const { nodes, add, conv, relu, pool, up, crop } = builder(3)
  const pair = (x: string, from: number, to: number) =>
    relu(conv(relu(conv(x, from, to, 3, 0)), to, to, 3, 0))
  const one = pair('x', 3, 4)
  const two = pair(pool(one), 4, 6)
  const three = pair(pool(two), 6, 8)
  const joined2 = add('Concat', [crop(two, 4), up(three, 8, 6, 2, 2)], { axis: 1 })
  const four = pair(joined2, 12, 6)
  const joined1 = add('Concat', [crop(one, 16), up(four, 6, 4, 2, 2)], { axis: 1 })
  conv(pair(joined1, 8, 4), 4, classes, 1, 0)
  return { shape: [1, 3, height, width], nodes }
}
