import { floats, type TestNetwork, type TestNode, type Weights, wholes } from './graphs.ts'

/** Makes a random network on pictures, whose paths split and join. All of its shapes are known. */
export function randomNetwork(random: () => number): TestNetwork {
  const whole = (low: number, high: number): number =>
    low + Math.min(high - low, Math.floor(((random() + 1) / 2) * (high - low + 1)))
  const choose = <T>(list: readonly T[]): T => list[whole(0, list.length - 1)]!
  type Known = { readonly name: string; readonly shape: readonly [c: number, h: number, w: number] }
  const shape = [whole(1, 3), whole(5, 19), whole(4, 17)] as const
  const known: Known[] = [{ name: 'x', shape }]
  const nodes: TestNode[] = []
  const add = (
    operator: string,
    inputs: TestNode['inputs'],
    shape: Known['shape'],
    attributes: TestNode['attributes'] = {},
  ): void => {
    const name = `t${nodes.length}`
    nodes.push({ operator, inputs, outputs: [name], attributes })
    known.push({ name, shape })
  }
  const scaled = (weights: Weights, by: number): Weights => ({
    ...weights,
    data: weights.data.map((v) => Math.fround(v * by)),
  })
  /** Returns one of the last few values, so that paths split and join. */
  const recent = (): Known => known[Math.max(0, known.length - 1 - whole(0, 2))]!
  const moves: (() => boolean)[] = [
    function conv() {
      const {
        name,
        shape: [c, h, w],
      } = recent()
      const [k, l, s, d] = [whole(1, 3), whole(1, 4), whole(1, 2), whole(1, 2)]
      const pads = [whole(0, 2), whole(0, 2), whole(0, 2), whole(0, 2)]
      const size = (n: number, p: number, kernel: number) =>
        Math.floor((n + p - (kernel - 1) * d - 1) / s) + 1
      const [high, wide] = [size(h, pads[0]! + pads[2]!, k), size(w, pads[1]! + pads[3]!, l)]
      if (high < 1 || wide < 1) return false
      const filters = whole(1, 5)
      const weights = scaled(floats(random, filters, c, k, l), 1 / Math.sqrt(c * k * l))
      add('Conv', [name, weights, floats(random, filters)], [filters, high, wide], {
        pads,
        strides: [s, s],
        dilations: [d, d],
      })
      return true
    },
    function depthwise() {
      const { name, shape } = recent()
      add('Conv', [name, floats(random, shape[0], 1, 3, 3)], shape, { pads: [1, 1, 1, 1], group: shape[0] })
      return true
    },
    function up() {
      const {
        name,
        shape: [c, h, w],
      } = recent()
      if (h * w > 900) return false
      const filters = whole(1, 4)
      add('ConvTranspose', [name, floats(random, c, filters, 2, 3)], [filters, 2 * h, 2 * (w - 1) + 3], {
        strides: [2, 2],
      })
      return true
    },
    function single() {
      const { name, shape } = recent()
      add(
        choose(['Relu', 'Sigmoid', 'Tanh', 'LeakyRelu', 'HardSwish', 'Elu', 'Softplus', 'Erf', 'Abs', 'Neg']),
        [name],
        shape,
      )
      return true
    },
    function slope() {
      const { name, shape } = recent()
      add('PRelu', [name, floats(random, shape[0], 1, 1)], shape)
      return true
    },
    function join() {
      const a = recent()
      const b = known.find((one) => one !== a && one.shape.join() === a.shape.join())
      if (b === undefined) return false
      add(choose(['Add', 'Sub', 'Mul', 'Max', 'Min']), [a.name, b.name], a.shape)
      return true
    },
    function select() {
      // only of the input, where rounding does not decide
      const { name, shape } = recent()
      const [x] = known as [Known]
      const b = known.find((one) => one.name !== name && one.shape.slice(1).join() === shape.slice(1).join())
      if (x.shape.slice(1).join() !== shape.slice(1).join() || b === undefined) return false
      if (b.shape[0] !== shape[0] && b.shape[0] > 1 && shape[0] > 1) return false
      const size = [1, shape[1], shape[2]] as const
      add('ReduceMax', [x.name], size, { axes: [1], keepdims: 1 })
      add(choose(['Greater', 'Less', 'LessOrEqual']), [known.pop()!.name, floats(random, 1)], size)
      const inputs = [known.pop()!.name, name, choose([b.name, floats(random, 1)])]
      add('Where', inputs, [
        Math.max(shape[0], typeof inputs[2] === 'string' ? b.shape[0] : 1),
        shape[1],
        shape[2],
      ])
      return true
    },
    function concat() {
      const a = recent()
      const b = known.find((one) => one !== a && one.shape.slice(1).join() === a.shape.slice(1).join())
      if (b === undefined || a.shape[0] + b.shape[0] > 12) return false
      add('Concat', [a.name, b.name], [a.shape[0] + b.shape[0], a.shape[1], a.shape[2]], { axis: 1 })
      return true
    },
    function number() {
      const { name, shape } = recent()
      const other = choose([
        floats(random, shape[0], 1, 1),
        floats(random, 1),
        floats(random, 1, 1, shape[1], shape[2]),
      ])
      add(choose(['Add', 'Mul', 'Sub']), [name, other], shape)
      return true
    },
    function pool() {
      const {
        name,
        shape: [c, h, w],
      } = recent()
      if (h < 4 || w < 4) return false
      const pads = choose([
        [0, 0, 0, 0],
        [1, 1, 1, 1],
      ])
      const size = (n: number) => Math.floor((n + 2 * pads[0]! - 3) / 2) + 1
      add(choose(['MaxPool', 'AveragePool']), [name], [c, size(h), size(w)], {
        kernel_shape: [3, 3],
        strides: [2, 2],
        pads,
      })
      return true
    },
    function resize() {
      const {
        name,
        shape: [c, h, w],
      } = recent()
      if (h * w > 900) return false
      const by: Weights = { shape: [4], data: [1, 1, 2, 1.5] }
      const attributes = {
        mode: choose(['linear', 'cubic']),
        coordinate_transformation_mode: choose(['half_pixel', 'align_corners']),
      }
      add('Resize', [name, undefined, by], [c, 2 * h, Math.floor(w * 1.5)], attributes)
      return true
    },
    function pad() {
      const {
        name,
        shape: [c, h, w],
      } = recent()
      if (h < 3 || w < 3) return false
      const mode = choose(['constant', 'edge', 'reflect'])
      add('Pad', [name, wholes(0, 0, 1, 2, 0, 0, 2, 1)], [c, h + 3, w + 3], { mode })
      return true
    },
    function shuffle() {
      const {
        name,
        shape: [c, h, w],
      } = recent()
      if (c % 4 === 0)
        add('DepthToSpace', [name], [c / 4, 2 * h, 2 * w], { blocksize: 2, mode: choose(['DCR', 'CRD']) })
      else if (h % 2 === 0 && w % 2 === 0)
        add('SpaceToDepth', [name], [4 * c, h / 2, w / 2], { blocksize: 2 })
      else return false
      return true
    },
    function slice() {
      const {
        name,
        shape: [c, h, w],
      } = recent()
      if (h < 4) return false
      add('Slice', [name, wholes(1), wholes(h - 1), wholes(2)], [c, h - 2, w])
      return true
    },
    function norm() {
      const { name, shape } = recent()
      if (shape[1] * shape[2] < 12) return false
      add('InstanceNormalization', [name, floats(random, shape[0]), floats(random, shape[0])], shape)
      return true
    },
    function excite() {
      const { name, shape } = recent()
      add('GlobalAveragePool', [name], [shape[0], 1, 1])
      const pooled = known.pop()!
      add('Mul', [name, pooled.name], shape)
      return true
    },
    function soft() {
      const { name, shape } = recent()
      add('Softmax', [name], shape, { axis: 1 })
      return true
    },
    function mean() {
      const {
        name,
        shape: [, h, w],
      } = recent()
      add('ReduceMean', [name], [1, h, w], { axes: [1], keepdims: 1 })
      return true
    },
    function norms() {
      const { name, shape } = recent()
      const variance = floats(random, shape[0])
      const positive = { ...variance, data: variance.data.map((v) => Math.fround(Math.abs(v) + 0.5)) }
      add(
        'BatchNormalization',
        [name, floats(random, shape[0]), floats(random, shape[0]), floats(random, shape[0]), positive],
        shape,
      )
      return true
    },
  ]
  for (let left = whole(3, 12); left > 0; left--) {
    while (!choose(moves)());
  }
  return { shape: [1, ...shape], nodes }
}
