// The textbook meaning of ONNX's operators in float64, on arrays of any rank, without regard to speed. It shares no
// code with src.

/** Numbers with a shape, row-major. */
export type Nd = { readonly shape: readonly number[]; readonly data: Float64Array }

/** Attributes as numbers, texts or lists. */
export type Attributes = Readonly<Record<string, number | string | readonly number[]>>

type Op = (
  inputs: readonly (Nd | undefined)[],
  attributes: Attributes,
  opset: number,
  outputs: number,
) => readonly Nd[]

const count = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1)
export const nd = (shape: readonly number[], data: ArrayLike<number>): Nd => ({
  shape,
  data: Float64Array.from(data),
})

/** Iterates over every index of a shape, in order. */
function* places(shape: readonly number[]): Generator<number[]> {
  const total = count(shape)
  for (let flat = 0; flat < total; flat++) {
    const index: number[] = []
    for (let i = shape.length - 1, rest = flat; i >= 0; i--) {
      index[i] = rest % shape[i]!
      rest = Math.floor(rest / shape[i]!)
    }
    yield index
  }
}

const at = ({ shape, data }: Nd, index: readonly number[]): number =>
  data[index.reduce((sum, i, k) => sum * shape[k]! + i, 0)]!

const make = (shape: readonly number[], f: (index: number[]) => number): Nd => ({
  shape,
  data: Float64Array.from([...places(shape)].map(f)),
})

const num = (a: Attributes, name: string, otherwise: number): number =>
  (a[name] as number | undefined) ?? otherwise
const list = (a: Attributes, name: string): number[] | undefined => a[name] as number[] | undefined
const word = (a: Attributes, name: string, otherwise: string): string =>
  (a[name] as string | undefined) ?? otherwise
const turn = (axis: number, rank: number): number => (axis < 0 ? axis + rank : axis)

const each =
  (f: (v: number, a: Attributes) => number): Op =>
  ([x], a) => [
    nd(
      x!.shape,
      x!.data.map((v) => f(v, a)),
    ),
  ]

function spread(a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length)
  return Array.from({ length: rank }, (_, i) =>
    Math.max(a[a.length - rank + i] ?? 1, b[b.length - rank + i] ?? 1),
  )
}

const pick = (x: Nd, index: readonly number[]): number =>
  at(
    x,
    x.shape.map((n, i) => (n === 1 ? 0 : index[index.length - x.shape.length + i]!)),
  )

const two =
  (f: (a: number, b: number) => number): Op =>
  (inputs) => {
    const all = inputs as Nd[]
    return [
      all
        .slice(1)
        .reduce(
          (x, y) => make(spread(x.shape, y.shape), (index) => f(pick(x, index), pick(y, index))),
          all[0]!,
        ),
    ]
  }

const erf = (x: number): number => {
  // the integral of the Gaussian by Simpson's rule
  const n = 2000
  const h = Math.min(Math.abs(x), 7) / n
  let sum = 0
  for (let i = 0; i <= n; i++)
    sum += (i === 0 || i === n ? 1 : i % 2 === 1 ? 4 : 2) * Math.exp(-((i * h) ** 2))
  return (Math.sign(x) * 2 * sum * h) / 3 / Math.sqrt(Math.PI)
}

const softplus = (v: number) => Math.log1p(Math.exp(-Math.abs(v))) + Math.max(v, 0)
const sigmoid = (v: number) => 1 / (1 + Math.exp(-v))

/** Returns the padding of the spatial axes: before and after. */
function pads(
  a: Attributes,
  input: readonly number[],
  kernel: readonly number[],
  strides: readonly number[],
  dilations: readonly number[],
): [number, number][] {
  const auto = word(a, 'auto_pad', 'NOTSET')
  const given = list(a, 'pads')
  return input.map((n, i) => {
    if (auto === 'NOTSET') return [given?.[i] ?? 0, given?.[i + input.length] ?? 0]
    if (auto === 'VALID') return [0, 0]
    const out = Math.ceil(n / strides[i]!)
    const need = Math.max(0, (out - 1) * strides[i]! + (kernel[i]! - 1) * dilations[i]! + 1 - n)
    const less = Math.floor(need / 2)
    return auto === 'SAME_LOWER' ? [need - less, less] : [less, need - less]
  })
}

/** Applies an operator of pictures to signals too, as pictures one row high. */
const orOneRow =
  (op: Op): Op =>
  (inputs, a, opset, outputs) => {
    if (inputs[0]!.shape.length !== 3) return op(inputs, a, opset, outputs)
    const high = inputs.map((x) =>
      x?.shape.length === 3 ? nd([x.shape[0]!, x.shape[1]!, 1, x.shape[2]!], x.data) : x,
    )
    const lists = Object.entries(a).map(([name, value]) => {
      if (typeof value !== 'object') return [name, value] as const
      const before = name === 'pads' || name === 'output_padding' ? 0 : 1
      return [name, value.length === 2 ? [0, value[0]!, 0, value[1]!] : [before, value[0]!]] as const
    })
    return op(high, Object.fromEntries(lists), opset, outputs).map((y) =>
      nd([y.shape[0]!, y.shape[1]!, y.shape[3]!], y.data),
    )
  }

const conv: Op = ([x, w, b], a) => {
  const [N, , H, W] = x!.shape as [number, number, number, number]
  const [O, I, kH, kW] = w!.shape as [number, number, number, number]
  const [sy, sx] = list(a, 'strides') ?? [1, 1]
  const [dy, dx] = list(a, 'dilations') ?? [1, 1]
  const groups = num(a, 'group', 1)
  const [[top, bottom], [left, right]] = pads(a, [H, W], [kH, kW], [sy!, sx!], [dy!, dx!]) as [
    [number, number],
    [number, number],
  ]
  const size = (n: number, p: number, k: number, d: number, s: number) =>
    Math.floor((n + p - (k - 1) * d - 1) / s) + 1
  return [
    make([N, O, size(H, top + bottom, kH, dy!, sy!), size(W, left + right, kW, dx!, sx!)], ([n, o, y, z]) => {
      let sum = b?.data[o!] ?? 0
      const group = Math.floor(o! / (O / groups))
      for (let c = 0; c < I; c++)
        for (let u = 0; u < kH; u++)
          for (let v = 0; v < kW; v++) {
            const [iy, ix] = [y! * sy! - top + u * dy!, z! * sx! - left + v * dx!]
            if (iy < 0 || ix < 0 || iy >= H || ix >= W) continue
            sum += at(w!, [o!, c, u, v]) * at(x!, [n!, group * I + c, iy, ix])
          }
      return sum
    }),
  ]
}

const convTranspose: Op = ([x, w, b], a) => {
  const [N, C, H, W] = x!.shape as [number, number, number, number]
  const [, F, kH, kW] = w!.shape as [number, number, number, number]
  const [sy, sx] = (list(a, 'strides') ?? [1, 1]) as [number, number]
  const [dy, dx] = (list(a, 'dilations') ?? [1, 1]) as [number, number]
  const [ay, ax] = (list(a, 'output_padding') ?? [0, 0]) as [number, number]
  const groups = num(a, 'group', 1)
  const whole = (n: number, k: number, d: number, s: number, add: number) =>
    (n - 1) * s + (k - 1) * d + 1 + add
  const full = [whole(H, kH, dy, sy, ay), whole(W, kW, dx, sx, ax)]
  const target = list(a, 'output_shape')?.slice(-2)
  const auto = word(a, 'auto_pad', 'NOTSET')
  const given = list(a, 'pads') ?? [0, 0, 0, 0]
  const cut = [0, 1].map((i) => {
    const wanted = target?.[i] ?? (auto.startsWith('SAME') ? [H, W][i]! * [sy, sx][i]! : undefined)
    if (wanted === undefined) return auto === 'VALID' ? [0, 0] : [given[i]!, given[i + 2]!]
    full[i] = Math.max(full[i]!, wanted)
    const total = Math.max(0, full[i]! - wanted)
    const half = Math.floor(total / 2)
    return auto === 'SAME_UPPER' ? [half, total - half] : [total - half, half]
  })
  const out = new Float64Array(N * F * groups * full[0]! * full[1]!)
  const perGroup = C / groups
  for (let n = 0; n < N; n++)
    for (let c = 0; c < C; c++)
      for (let f = 0; f < F; f++)
        for (let y = 0; y < H; y++)
          for (let z = 0; z < W; z++)
            for (let u = 0; u < kH; u++)
              for (let v = 0; v < kW; v++) {
                const o = n * F * groups + Math.floor(c / perGroup) * F + f
                out[(o * full[0]! + y * sy + u * dy) * full[1]! + z * sx + v * dx]! +=
                  at(w!, [c, f, u, v]) * at(x!, [n, c, y, z])
              }
  const size = [0, 1].map((i) => full[i]! - cut[i]![0]! - cut[i]![1]!)
  return [
    make(
      [N, F * groups, size[0]!, size[1]!],
      ([n, o, y, z]) =>
        out[((n! * F * groups + o!) * full[0]! + y! + cut[0]![0]!) * full[1]! + z! + cut[1]![0]!]! +
        (b?.data[o!] ?? 0),
    ),
  ]
}

const pool =
  (kind: 'max' | 'mean'): Op =>
  ([x], a, _, outputs) => {
    const [N, C, H, W] = x!.shape as [number, number, number, number]
    const kernel = list(a, 'kernel_shape')!
    const strides = list(a, 'strides') ?? [1, 1]
    const dilations = list(a, 'dilations') ?? [1, 1]
    const around = pads(a, [H, W], kernel, strides, dilations)
    const up = num(a, 'ceil_mode', 0) === 1
    const size = [H, W].map((n, i) => {
      const [before, after] = around[i]!
      const room = (n + before + after - (kernel[i]! - 1) * dilations[i]! - 1) / strides[i]!
      const steps = (up ? Math.ceil(room) : Math.floor(room)) + 1
      // the last window must begin in the picture or in the padding before it
      return up && (steps - 1) * strides[i]! >= n + before ? steps - 1 : steps
    })
    const where: number[] = []
    const out = make([N, C, ...size], ([n, c, y, z]) => {
      let [best, place, sum, met, counted] = [Number.NEGATIVE_INFINITY, -1, 0, 0, 0]
      for (let u = 0; u < kernel[0]!; u++)
        for (let v = 0; v < kernel[1]!; v++) {
          const iy = y! * strides[0]! - around[0]![0] + u * dilations[0]!
          const ix = z! * strides[1]! - around[1]![0] + v * dilations[1]!
          if (iy < H + around[0]![1] && ix < W + around[1]![1]) counted++
          if (iy < 0 || ix < 0 || iy >= H || ix >= W) continue
          const value = at(x!, [n!, c!, iy, ix])
          met++
          sum += value
          if (value > best) [best, place] = [value, (c! * H + iy) * W + ix]
        }
      where.push(place)
      return kind === 'max' ? best : sum / (num(a, 'count_include_pad', 0) === 1 ? counted : met)
    })
    return outputs > 1 ? [out, nd(out.shape, where)] : [out]
  }

const unpool: Op = ([x, places, target], a) => {
  const [, C, h, w] = x!.shape as [number, number, number, number]
  const kernel = list(a, 'kernel_shape')!
  const strides = list(a, 'strides') ?? [1, 1]
  const given = list(a, 'pads') ?? [0, 0, 0, 0]
  const size = [h, w].map((n, i) => (n - 1) * strides[i]! - given[i]! - given[i + 2]! + kernel[i]!)
  const shape = target === undefined ? [1, C, ...size] : Array.from(target.data)
  const out = new Float64Array(count(shape))
  x!.data.forEach((v, i) => {
    out[places!.data[i]!] = v
  })
  return [nd(shape, out)]
}

const reduceBy =
  (f: (values: readonly number[]) => number, axesOf?: (rank: number) => number[]): Op =>
  ([x, second], a) => {
    const rank = x!.shape.length
    const given = axesOf?.(rank) ?? (second === undefined ? list(a, 'axes') : Array.from(second.data)) ?? []
    // in this case, each sample separately
    const isEach = given.length === 0 && num(a, 'noop_with_empty_axes', 0) === 1
    const axes = given.length === 0 && !isEach ? x!.shape.map((_, i) => i) : given.map((i) => turn(i, rank))
    const kept = x!.shape.map((n, i) => (axes.includes(i) ? 1 : n))
    const inner = x!.shape.map((n, i) => (axes.includes(i) ? n : 1))
    const out = make(kept, (index) =>
      f(
        [...places(inner)].map((k) =>
          at(
            x!,
            index.map((v, i) => v + k[i]!),
          ),
        ),
      ),
    )
    return num(a, 'keepdims', 1) === 1
      ? [out]
      : [
          nd(
            x!.shape.filter((_, i) => !axes.includes(i)),
            out.data,
          ),
        ]
  }

const mean = (v: readonly number[]) => v.reduce((s, n) => s + n, 0) / v.length

/** Maps every row along an axis to another row. */
const rows =
  (f: (row: readonly number[]) => readonly number[], axisOf: (a: Attributes, opset: number) => number): Op =>
  ([x], a, opset) => {
    const axis = turn(axisOf(a, opset), x!.shape.length)
    const rest = x!.shape.map((n, i) => (i === axis ? 1 : n))
    const out = new Float64Array(count(x!.shape))
    for (const index of places(rest)) {
      const line = Array.from({ length: x!.shape[axis]! }, (_, k) => at(x!, index.with(axis, k)))
      f(line).forEach((v, k) => {
        out[index.with(axis, k).reduce((sum, i, d) => sum * x!.shape[d]! + i, 0)] = v
      })
    }
    return [nd(x!.shape, out)]
  }

const softmax = (line: readonly number[]) => {
  const most = Math.max(...line)
  const all = line.map((v) => Math.exp(v - most))
  const sum = all.reduce((s, v) => s + v, 0)
  return all.map((v) => v / sum)
}

const normal = (values: readonly number[], epsilon: number) => {
  const m = mean(values)
  const variance = mean(values.map((v) => (v - m) ** 2))
  return (v: number) => (v - m) / Math.sqrt(variance + epsilon)
}

const argOf =
  (sign: number): Op =>
  ([x], a) => {
    const axis = turn(num(a, 'axis', 0), x!.shape.length)
    const last = num(a, 'select_last_index', 0) === 1
    return reduceBy(
      (line) =>
        line.reduce(
          (best, v, i) => (sign * v > sign * line[best]! || (last && v === line[best]) ? i : best),
          0,
        ),
      () => [axis],
    )([x], a, 0, 1)
  }

const slice: Op = ([x, starts, ends, axes, steps]) => {
  const lists = x!.shape.map((n) => Array.from({ length: n }, (_, i) => i))
  Array.from(starts!.data).forEach((start, i) => {
    const axis = turn(axes?.data[i] ?? i, x!.shape.length)
    const [n, step] = [x!.shape[axis]!, steps?.data[i] ?? 1]
    const from = start < 0 ? start + n : start
    const to = ends!.data[i]! < 0 ? ends!.data[i]! + n : ends!.data[i]!
    const taken: number[] = []
    if (step > 0) for (let k = Math.max(0, from); k < Math.min(n, to); k += step) taken.push(k)
    else for (let k = Math.min(n - 1, from); k > Math.max(-1, to); k += step) taken.push(k)
    lists[axis] = taken
  })
  return [
    make(
      lists.map((l) => l.length),
      (index) =>
        at(
          x!,
          index.map((i, d) => lists[d]![i]!),
        ),
    ),
  ]
}

const concat: Op = (inputs, a) => {
  const all = inputs as Nd[]
  const axis = turn(num(a, 'axis', 1), all[0]!.shape.length)
  const shape = all[0]!.shape.map((n, i) => (i === axis ? all.reduce((s, x) => s + x.shape[axis]!, 0) : n))
  return [
    make(shape, (index) => {
      let k = index[axis]!
      for (const x of all) {
        if (k < x.shape[axis]!) return at(x, index.with(axis, k))
        k -= x.shape[axis]!
      }
      return Number.NaN
    }),
  ]
}

const pad: Op = ([x, given, value], a) => {
  const rank = x!.shape.length
  const p = given === undefined ? list(a, 'pads')! : Array.from(given.data)
  const mode = word(a, 'mode', 'constant')
  const shape = x!.shape.map((n, i) => n + p[i]! + p[i + rank]!)
  return [
    make(shape, (index) => {
      const from = index.map((i, d) => {
        const [n, k] = [x!.shape[d]!, i - p[d]!]
        if (mode === 'edge') return Math.min(Math.max(k, 0), n - 1)
        if (mode === 'reflect') return n === 1 ? 0 : k < 0 ? -k : k >= n ? 2 * n - 2 - k : k
        if (mode === 'wrap') return ((k % n) + n) % n
        return k
      })
      return from.some((k, d) => k < 0 || k >= x!.shape[d]!)
        ? (value?.data[0] ?? num(a, 'value', 0))
        : at(x!, from)
    }),
  ]
}

const transpose: Op = ([x], a) => {
  const order = list(a, 'perm') ?? x!.shape.map((_, i) => x!.shape.length - 1 - i)
  return [
    make(
      order.map((i) => x!.shape[i]!),
      (index) => {
        const from: number[] = []
        order.forEach((d, i) => {
          from[d] = index[i]!
        })
        return at(x!, from)
      },
    ),
  ]
}

const shuffle =
  (up: boolean): Op =>
  ([x], a) => {
    const b = num(a, 'blocksize', 1)
    const [n, C, H, W] = x!.shape as [number, number, number, number]
    const crd = word(a, 'mode', 'DCR') === 'CRD'
    if (up) {
      const D = C / b ** 2
      return [
        make([n, D, H * b, W * b], ([, c, y, z]) => {
          const [u, v] = [y! % b, z! % b]
          const from = crd ? (c! * b + u) * b + v : (u * b + v) * D + c!
          return at(x!, [0, from, Math.floor(y! / b), Math.floor(z! / b)])
        }),
      ]
    }
    return [
      make([n, C * b ** 2, H / b, W / b], ([, c, y, z]) => {
        const [from, place] = crd ? [Math.floor(c! / b ** 2), c! % b ** 2] : [c! % C, Math.floor(c! / C)]
        return at(x!, [0, from, y! * b + Math.floor(place / b), z! * b + (place % b)])
      }),
    ]
  }

const reshape: Op = ([x, shape]) => {
  const target = Array.from(shape!.data).map((n, i) => (n === 0 ? x!.shape[i]! : n))
  const known = target.reduce((s, n) => (n < 0 ? s : s * n), 1)
  return [
    nd(
      target.map((n) => (n < 0 ? x!.data.length / known : n)),
      x!.data,
    ),
  ]
}

const resize: Op = ([x, second, third, fourth], a, opset, _outputs) => {
  const old = opset < 11
  const scales = old ? second : third
  const listed = scales === undefined || scales.data.length === 0 ? undefined : Array.from(scales.data)
  const sizes = fourth === undefined ? undefined : Array.from(fourth.data)
  const shape = x!.shape.map((n, i) => sizes?.[i] ?? Math.floor(Math.fround(n * listed![i]!)))
  const scale = x!.shape.map((n, i) => (sizes === undefined ? listed![i]! : shape[i]! / n))
  const mode = word(a, 'mode', 'nearest')
  const way = old ? 'asymmetric' : word(a, 'coordinate_transformation_mode', 'half_pixel')
  const round = word(a, 'nearest_mode', 'round_prefer_floor')
  const place = (o: number, d: number): number => {
    const [n, m, s] = [x!.shape[d]!, shape[d]!, scale[d]!]
    if (way === 'asymmetric') return o / s
    if (way === 'align_corners') return m === 1 ? 0 : (o * (n - 1)) / (m - 1)
    if (way === 'pytorch_half_pixel' && m === 1) return 0
    if (way === 'half_pixel_symmetric') return (n / 2) * (1 - m / (s * n)) + (o + 0.5) / s - 0.5
    if (way === 'tf_half_pixel_for_nn') return (o + 0.5) / s
    return (o + 0.5) / s - 0.5
  }
  const A = num(a, 'cubic_coeff_a', -0.75)
  const weight = (t: number): number => {
    const d = Math.abs(t)
    if (mode === 'linear') return Math.max(0, 1 - d)
    if (d <= 1) return (A + 2) * d ** 3 - (A + 3) * d ** 2 + 1
    return d < 2 ? A * d ** 3 - 5 * A * d ** 2 + 8 * A * d - 4 * A : 0
  }
  const taps = (o: number, d: number): [number, number][] => {
    const n = x!.shape[d]!
    if (n === shape[d]) return [[o, 1]]
    const p = place(o, d)
    const inside = (k: number) => Math.min(Math.max(k, 0), n - 1)
    if (mode === 'nearest') {
      const k = old
        ? (scale[d]! < 1 ? Math.ceil : Math.floor)(p)
        : round === 'floor'
          ? Math.floor(p)
          : round === 'ceil'
            ? Math.ceil(p)
            : round === 'round_prefer_ceil'
              ? Math.floor(p + 0.5)
              : Math.ceil(p - 0.5)
      return [[inside(k), 1]]
    }
    const wide = num(a, 'antialias', 0) === 1 ? Math.max(1, 1 / scale[d]!) : 1
    const reach = Math.ceil((mode === 'linear' ? 1 : 2) * wide)
    const found: [number, number][] = []
    for (let k = Math.floor(p) - reach; k <= Math.floor(p) + reach + 1; k++) {
      const w = weight((k - p) / wide)
      if (w !== 0) found.push([k, w])
    }
    const clean = num(a, 'exclude_outside', 0) === 1 ? found.filter(([k]) => k >= 0 && k < n) : found
    const sum = clean.reduce((s, [, w]) => s + w, 0)
    return clean.map(([k, w]) => [inside(k), w / sum])
  }
  return [
    make(shape, (index) => {
      const per = index.map((o, d) => taps(o, d))
      let sum = 0
      for (const [y, wy] of per[2]!)
        for (const [z, wz] of per[3]!) sum += wy * wz * at(x!, [index[0]!, index[1]!, y, z])
      return sum
    }),
  ]
}

const perChannel = (v: Nd, index: readonly number[]): number => v.data[index[1]!]!

const matMul: Op = ([x, w]) => {
  const rows = x!.shape.length === 1
  const columns = w!.shape.length === 1
  if (rows || columns) {
    const [out] = matMul(
      [rows ? nd([1, ...x!.shape], x!.data) : x, columns ? nd([...w!.shape, 1], w!.data) : w],
      {},
      0,
      1,
    )
    return [nd(out!.shape.toSpliced(rows ? -2 : -1, 1), out!.data)]
  }
  const K = x!.shape.at(-1)!
  const lead = spread(x!.shape.slice(0, -2), w!.shape.slice(0, -2))
  return [
    make([...lead, x!.shape.at(-2)!, w!.shape.at(-1)!], (index) => {
      let sum = 0
      for (let k = 0; k < K; k++)
        sum += pick(x!, [...index.slice(0, -1), k]) * pick(w!, [...index.slice(0, -2), k, index.at(-1)!])
      return sum
    }),
  ]
}

/** Normalises with the moments of groups of channels of each picture. */
function grouped(x: Nd, groups: number, epsilon: number, g: Nd, b: Nd): readonly Nd[] {
  const [N, C] = x.shape as [number, number]
  const per = C / groups
  const inner = [1, per, ...x.shape.slice(2)]
  const each = Array.from({ length: N * groups }, (_, k) =>
    normal(
      [...places(inner)].map((i) =>
        at(x, [Math.floor(k / groups), (k % groups) * per + i[1]!, ...i.slice(2)]),
      ),
      epsilon,
    ),
  )
  return [
    make(
      x.shape,
      (i) => each[i[0]! * groups + Math.floor(i[1]! / per)]!(at(x, i)) * perChannel(g, i) + perChannel(b, i),
    ),
  ]
}

const even = (v: number) => (Math.abs(v % 1) === 0.5 ? 2 * Math.round(v / 2) : Math.round(v))
/** Returns the number of a list for an index along an axis, or its only number. */
const along = (v: Nd | undefined, index: readonly number[], axis: number): number =>
  v === undefined ? 0 : v.data.length === 1 ? v.data[0]! : v.data[index[turn(axis, index.length)]!]!
/** Limits a number to int8 or uint8. In the tests, only int8 has zero points below 0. */
const saturated = (v: number, isSigned: boolean) =>
  Math.max(isSigned ? -128 : 0, Math.min(isSigned ? 127 : 255, v))
const quantised = (x: Nd, s: Nd, z: Nd | undefined, axis = 1): Nd => {
  const isSigned = z?.data.some((v) => v < 0) === true
  return make(x.shape, (i) =>
    saturated(even(Math.fround(at(x, i) / along(s, i, axis))) + along(z, i, axis), isSigned),
  )
}
const real = (q: Nd, s: Nd, z: Nd | undefined, axis = 1): Nd =>
  make(q.shape, (i) => (at(q, i) - along(z, i, axis)) * along(s, i, axis))
const off = (q: Nd, z: Nd | undefined, axis: number): Nd => make(q.shape, (i) => at(q, i) - along(z, i, axis))

/**
 * Computes with floats: converts each input with its scale and zero point, then the result with those of the output.
 */
const throughFloats =
  (name: string, count: number): Op =>
  (inputs, a, opset) => {
    const own = Array.from({ length: count }, (_, i) =>
      real(inputs[3 * i]!, inputs[3 * i + 1]!, inputs[3 * i + 2]),
    )
    return [quantised(meanings[name]!(own, a, opset, 1)[0]!, inputs[3 * count]!, inputs[3 * count + 1])]
  }

/** Scales and rounds sums of whole numbers. */
const scaledSums =
  (name: string, axis: number, out: number): Op =>
  ([x, xs, xz, w, ws, wz, ys, yz, b], a, opset) => {
    const sums = meanings[name]!([off(x!, xz, 1), off(w!, wz, axis), b], a, opset, 1)[0]!
    const scaled = make(sums.shape, (i) => (at(sums, i) * xs!.data[0]! * along(ws, i, out)) / ys!.data[0]!)
    return [quantised(scaled, nd([], [1]), yz)]
  }

const rowAt = (indices: Nd, i: number): number[] => {
  const depth = indices.shape.at(-1)!
  return Array.from(indices.data.slice(i * depth, (i + 1) * depth))
}

/** The meaning of each operator. */
export const meanings: Readonly<Record<string, Op>> = {
  Relu: each((v) => Math.max(0, v)),
  LeakyRelu: each((v, a) => (v < 0 ? v * num(a, 'alpha', 0.01) : v)),
  Sigmoid: each(sigmoid),
  HardSigmoid: each((v, a) => Math.max(0, Math.min(1, num(a, 'alpha', 0.2) * v + num(a, 'beta', 0.5)))),
  HardSwish: each((v) => v * Math.max(0, Math.min(1, v / 6 + 0.5))),
  Tanh: each(Math.tanh),
  Elu: each((v, a) => (v < 0 ? num(a, 'alpha', 1) * Math.expm1(v) : v)),
  Celu: each((v, a) => Math.max(0, v) + Math.min(0, num(a, 'alpha', 1) * Math.expm1(v / num(a, 'alpha', 1)))),
  Selu: each((v, a) => {
    const [alpha, gamma] = [num(a, 'alpha', 1.6732632423543772), num(a, 'gamma', 1.0507009873554805)]
    return v > 0 ? gamma * v : gamma * alpha * Math.expm1(v)
  }),
  Softplus: each(softplus),
  Softsign: each((v) => v / (1 + Math.abs(v))),
  ThresholdedRelu: each((v, a) => (v > num(a, 'alpha', 1) ? v : 0)),
  Mish: each((v) => v * Math.tanh(softplus(v))),
  Affine: each((v, a) => num(a, 'alpha', 1) * v + num(a, 'beta', 0)),
  ScaledTanh: each((v, a) => num(a, 'alpha', 1) * Math.tanh(num(a, 'beta', 1) * v)),
  ParametricSoftplus: each((v, a) => num(a, 'alpha', 1) * softplus(num(a, 'beta', 1) * v)),
  ImageScaler: ([x], a) => [make(x!.shape, (i) => at(x!, i) * num(a, 'scale', 1) + list(a, 'bias')![i[1]!]!)],
  Crop([x], a) {
    const [left = 0, top = 0, right = 0, bottom = 0] = list(a, 'border')!
    const [n = 1, c = 1, h = 1, w = 1] = x!.shape
    const [rows = h - top - bottom, columns = w - left - right] = list(a, 'scale') ?? []
    return [make([n, c, rows, columns], ([i, k, y, z]) => at(x!, [i!, k!, y! + top, z! + left]))]
  },
  Erf: each(erf),
  Gelu: each((v, a) =>
    word(a, 'approximate', 'none') === 'tanh'
      ? 0.5 * v * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (v + 0.044715 * v ** 3)))
      : 0.5 * v * (1 + erf(v / Math.SQRT2)),
  ),
  Exp: each(Math.exp),
  Log: each(Math.log),
  Sqrt: each(Math.sqrt),
  Neg: each((v) => -v),
  Abs: each(Math.abs),
  Reciprocal: each((v) => 1 / v),
  Floor: each(Math.floor),
  Ceil: each(Math.ceil),
  Round: each((v) => (Math.abs(v % 1) === 0.5 ? 2 * Math.round(v / 2) : Math.round(v))),
  Sign: each(Math.sign),
  Clip: ([x, low, high], a) => [
    nd(
      x!.shape,
      x!.data.map((v) =>
        Math.min(Math.max(v, low?.data[0] ?? num(a, 'min', -1e300)), high?.data[0] ?? num(a, 'max', 1e300)),
      ),
    ),
  ],
  PRelu: ([x, slope]) => {
    // before opset 7, a list had a slope for each channel
    const [n = 1] = slope!.shape
    const isOld = slope!.shape.length === 1 && n > 1 && n !== x!.shape.at(-1)
    const s = isOld ? nd([n, 1, 1], slope!.data) : slope!
    return [make(x!.shape, (i) => (at(x!, i) < 0 ? at(x!, i) * pick(s, i) : at(x!, i)))]
  },
  Add: two((a, b) => a + b),
  Sub: two((a, b) => a - b),
  Mul: two((a, b) => a * b),
  Div: two((a, b) => a / b),
  Pow: two((a, b) => a ** b),
  Min: two(Math.min),
  Max: two(Math.max),
  Sum: two((a, b) => a + b),
  Equal: two((a, b) => (a === b ? 1 : 0)),
  Greater: two((a, b) => (a > b ? 1 : 0)),
  GreaterOrEqual: two((a, b) => (a < b ? 0 : 1)),
  Less: two((a, b) => (a < b ? 1 : 0)),
  LessOrEqual: two((a, b) => (a > b ? 0 : 1)),
  And: two((a, b) => Math.abs(a * b)),
  Or: two((a, b) => Math.max(a, b)),
  Xor: two((a, b) => Math.abs(a - b)),
  Not: each((v) => 1 - v),
  IsNaN: each((v) => (Number.isNaN(v) ? 1 : 0)),
  Sin: each(Math.sin),
  Cos: each(Math.cos),
  Cast: each((v, a) =>
    a.to === 9 ? (v === 0 ? 0 : 1) : a.to === 1 ? v : Math.sign(v) * Math.floor(Math.abs(v)),
  ),
  Mod: ([x, y], a) =>
    two((p, q) => p - q * (a.fmod === 1 ? Math.trunc(p / q) : Math.floor(p / q)))([x, y], a, 0, 1),
  Where: ([condition, a, b]) => [
    make(spread(spread(condition!.shape, a!.shape), b!.shape), (index) =>
      pick(condition!, index) === 1 ? pick(a!, index) : pick(b!, index),
    ),
  ],
  Conv: orOneRow(conv),
  ConvTranspose: orOneRow(convTranspose),
  MaxPool: orOneRow(pool('max')),
  AveragePool: orOneRow(pool('mean')),
  MaxUnpool: unpool,
  GlobalAveragePool: reduceBy(mean, () => [2, 3]),
  GlobalMaxPool: reduceBy(
    (v) => Math.max(...v),
    () => [2, 3],
  ),
  ReduceMean: reduceBy(mean),
  ReduceSum: reduceBy((v) => v.reduce((s, n) => s + n, 0)),
  ReduceMax: reduceBy((v) => Math.max(...v)),
  ReduceMin: reduceBy((v) => Math.min(...v)),
  ReduceL1: reduceBy((v) => v.reduce((s, n) => s + Math.abs(n), 0)),
  ReduceL2: reduceBy((v) => Math.hypot(...v)),
  ReduceSumSquare: reduceBy((v) => v.reduce((s, n) => s + n * n, 0)),
  ReduceLogSum: reduceBy((v) => Math.log(v.reduce((s, n) => s + n, 0))),
  ReduceLogSumExp: reduceBy((v) => Math.log(v.reduce((s, n) => s + Math.exp(n), 0))),
  LpNormalization: ([x], a) =>
    rows(
      (line) => {
        const norm = num(a, 'p', 2) === 1 ? line.reduce((s, v) => s + Math.abs(v), 0) : Math.hypot(...line)
        return line.map((v) => v / norm)
      },
      () => num(a, 'axis', -1),
    )([x], a, 0, 1),
  LRN: ([x], a) => {
    const size = num(a, 'size', 1)
    return [
      make(x!.shape, (i) => {
        let sum = 0
        for (let c = i[1]! - Math.floor((size - 1) / 2); c <= i[1]! + Math.ceil((size - 1) / 2); c++)
          if (c >= 0 && c < x!.shape[1]!) sum += at(x!, i.with(1, c)) ** 2
        return at(x!, i) / (num(a, 'bias', 1) + (num(a, 'alpha', 1e-4) / size) * sum) ** num(a, 'beta', 0.75)
      }),
    ]
  },
  CumSum: ([x, axis], a) =>
    rows(
      (line) => {
        const list = num(a, 'reverse', 0) === 1 ? line.toReversed() : line
        let sum = 0
        const sums = list.map((v) => {
          sum += v
          return num(a, 'exclusive', 0) === 1 ? sum - v : sum
        })
        return num(a, 'reverse', 0) === 1 ? sums.toReversed() : sums
      },
      () => axis!.data[0]!,
    )([x], a, 0, 1),
  Swish: each((v, a) => v * sigmoid(num(a, 'alpha', 1) * v)),
  QuickGelu: each((v, a) => v * sigmoid(num(a, 'alpha', 1.702) * v)),
  Mean: (inputs, a) => {
    const [sum] = two((x, y) => x + y)(inputs, a, 0, 1)
    return [
      nd(
        sum!.shape,
        sum!.data.map((v) => v / inputs.length),
      ),
    ]
  },
  QuantizeLinear: ([x, s, z], a) => [quantised(x!, s!, z, num(a, 'axis', 1))],
  DequantizeLinear: ([x, s, z], a) => [real(x!, s!, z, num(a, 'axis', 1))],
  DynamicQuantizeLinear: ([x]) => {
    const [low, high] = [Math.min(0, ...x!.data), Math.max(0, ...x!.data)]
    const [scale, zero] = [
      nd([], [(high - low) / 255]),
      nd([], [saturated(even((-low * 255) / (high - low)), false)]),
    ]
    return [quantised(x!, scale, zero), scale, zero]
  },
  ConvInteger: ([x, w, xz, wz], a, opset) => conv([off(x!, xz, 1), off(w!, wz, 0)], a, opset, 1),
  MatMulInteger: ([x, w, xz, wz]) => matMul([off(x!, xz, -2), off(w!, wz, -1)], {}, 0, 1),
  QLinearConv: scaledSums('Conv', 0, 1),
  QLinearMatMul: scaledSums('MatMul', -1, -1),
  QLinearAdd: throughFloats('Add', 2),
  QLinearMul: throughFloats('Mul', 2),
  QLinearSigmoid: throughFloats('Sigmoid', 1),
  QLinearLeakyRelu: throughFloats('LeakyRelu', 1),
  QLinearAveragePool: throughFloats('AveragePool', 1),
  QLinearGlobalAveragePool: throughFloats('GlobalAveragePool', 1),
  QLinearSoftmax: throughFloats('Softmax', 1),
  QLinearConcat: ([s, z, ...rest], a) => {
    const parts = Array.from({ length: rest.length / 3 }, (_, i) =>
      real(rest[3 * i]!, rest[3 * i + 1]!, rest[3 * i + 2]),
    )
    return [quantised(concat(parts, a, 0, 1)[0]!, s!, z)]
  },
  // the sum over all letters that the output lacks, term by term
  Einsum: (inputs, a) => {
    const [from = '', to = ''] = String(a.equation).split('->')
    const words = from.split(',')
    const sizes = new Map(
      words.flatMap((word, i) => [...word].map((c, k) => [c, inputs[i]!.shape[k]!] as const)),
    )
    const rest = [...sizes.keys()].filter((c) => !to.includes(c))
    return [
      make(
        [...to].map((c) => sizes.get(c)!),
        (i) =>
          [...places(rest.map((c) => sizes.get(c)!))].reduce((sum, k) => {
            const of = (c: string) => (to.includes(c) ? i[to.indexOf(c)]! : k[rest.indexOf(c)]!)
            return sum + words.reduce((term, word, n) => term * at(inputs[n]!, [...word].map(of)), 1)
          }, 0),
      ),
    ]
  },
  Trilu: ([x, k], a) => [
    make(x!.shape, (i) => {
      const above = i.at(-1)! - i.at(-2)! - (k?.data[0] ?? 0)
      return (num(a, 'upper', 1) === 1 ? above >= 0 : above <= 0) ? at(x!, i) : 0
    }),
  ],
  GatherElements: ([x, indices], a) => {
    const axis = turn(num(a, 'axis', 0), x!.shape.length)
    return [make(indices!.shape, (i) => at(x!, i.with(axis, turn(at(indices!, i), x!.shape[axis]!))))]
  },
  ScatterElements: ([x, indices, updates], a) => {
    const axis = turn(num(a, 'axis', 0), x!.shape.length)
    const out = new Map([...places(x!.shape)].map((i) => [String(i), at(x!, i)]))
    for (const i of places(indices!.shape))
      out.set(String(i.with(axis, turn(at(indices!, i), x!.shape[axis]!))), at(updates!, i))
    return [make(x!.shape, (i) => out.get(String(i))!)]
  },
  GatherND: ([x, indices]) => {
    const depth = indices!.shape.at(-1)!
    const lead = indices!.shape.slice(0, -1)
    return [
      make([...lead, ...x!.shape.slice(depth)], (i) => {
        const from = i.slice(0, lead.length).reduce((sum, k, d) => sum * lead[d]! + k, 0)
        return at(x!, [
          ...rowAt(indices!, from).map((k, d) => turn(k, x!.shape[d]!)),
          ...i.slice(lead.length),
        ])
      }),
    ]
  },
  ScatterND: ([x, indices, updates]) => {
    const out = Float64Array.from(x!.data)
    const depth = indices!.shape.at(-1)!
    const size = count(x!.shape.slice(depth))
    for (let i = 0; i < count(indices!.shape.slice(0, -1)); i++) {
      const place = rowAt(indices!, i).reduce((sum, k, d) => sum * x!.shape[d]! + turn(k, x!.shape[d]!), 0)
      for (let k = 0; k < size; k++) out[place * size + k] = updates!.data[i * size + k]!
    }
    return [nd(x!.shape, out)]
  },
  Softmax: rows(softmax, (a) => num(a, 'axis', -1)),
  LogSoftmax: rows(
    (line) => softmax(line).map(Math.log),
    (a) => num(a, 'axis', -1),
  ),
  ArgMax: argOf(1),
  ArgMin: argOf(-1),
  BatchNormalization: ([x, g, b, m, v], a) => [
    make(
      x!.shape,
      (i) =>
        ((at(x!, i) - perChannel(m!, i)) / Math.sqrt(perChannel(v!, i) + num(a, 'epsilon', 1e-5))) *
          perChannel(g!, i) +
        perChannel(b!, i),
    ),
  ],
  InstanceNormalization: ([x, g, b], a) => grouped(x!, x!.shape[1]!, num(a, 'epsilon', 1e-5), g!, b!),
  GroupNormalization: ([x, g, b], a) => grouped(x!, num(a, 'num_groups', 1), num(a, 'epsilon', 1e-5), g!, b!),
  LayerNormalization: ([x, g, b], a) => {
    const axis = turn(num(a, 'axis', -1), x!.shape.length)
    const inner = x!.shape.map((n, i) => (i < axis ? 1 : n))
    return [
      make(x!.shape, (index) => {
        const start = index.map((v, i) => (i < axis ? v : 0))
        const values = [...places(inner)].map((k) =>
          at(
            x!,
            k.map((v, i) => v + start[i]!),
          ),
        )
        const own = index.slice(axis)
        return (
          normal(values, num(a, 'epsilon', 1e-5))(at(x!, index)) * at(g!, own) +
          (b === undefined ? 0 : at(b, own))
        )
      }),
    ]
  },
  MatMul: matMul,
  Gemm: ([x, w, c], a) => {
    const wide = num(a, 'transB', 0) === 1 ? transpose([w], {}, 0, 1)[0]! : w!
    const made = matMul([x, wide], {}, 0, 1)[0]!
    return [
      make(
        made.shape,
        (i) => num(a, 'alpha', 1) * at(made, i) + (c === undefined ? 0 : num(a, 'beta', 1) * pick(c, i)),
      ),
    ]
  },
  Concat: concat,
  Slice: slice,
  Split: ([x, sizes], a, _, outputs) => {
    const axis = turn(num(a, 'axis', 0), x!.shape.length)
    const n = x!.shape[axis]!
    const parts =
      sizes === undefined ? Array.from({ length: outputs }, () => n / outputs) : Array.from(sizes.data)
    let start = 0
    return parts.map((size) => {
      const from = start
      start += size
      return make(x!.shape.with(axis, size), (i) => at(x!, i.with(axis, i[axis]! + from)))
    })
  },
  Gather: ([x, indices], a) => {
    const axis = turn(num(a, 'axis', 0), x!.shape.length)
    const shape = [...x!.shape.slice(0, axis), ...indices!.shape, ...x!.shape.slice(axis + 1)]
    return [
      make(shape, (i) => {
        const k = at(indices!, i.slice(axis, axis + indices!.shape.length))
        return at(x!, [
          ...i.slice(0, axis),
          turn(k, x!.shape[axis]!),
          ...i.slice(axis + indices!.shape.length),
        ])
      }),
    ]
  },
  Pad: pad,
  Transpose: transpose,
  Reshape: reshape,
  Flatten: ([x], a) => {
    const axis = num(a, 'axis', 1)
    return [nd([count(x!.shape.slice(0, axis)), count(x!.shape.slice(axis))], x!.data)]
  },
  Expand: ([x, shape]) => [make(spread(x!.shape, Array.from(shape!.data)), (i) => pick(x!, i))],
  Tile: ([x, times]) => [
    make(
      x!.shape.map((n, i) => n * times!.data[i]!),
      (i) =>
        at(
          x!,
          i.map((k, d) => k % x!.shape[d]!),
        ),
    ),
  ],
  DepthToSpace: shuffle(true),
  SpaceToDepth: shuffle(false),
  GridSample: ([x, grid], a) => {
    const mode = word(a, 'mode', 'linear').replace('bi', '')
    const isAligned = num(a, 'align_corners', 0) === 1
    const outside = word(a, 'padding_mode', 'zeros')
    const [, channels, ...sizes] = x!.shape as [number, number, number, number]
    const kernel = (d: number): number => {
      if (mode === 'linear') return Math.max(0, 1 - d)
      if (d >= 2) return 0
      return d <= 1 ? 1.25 * d ** 3 - 2.25 * d ** 2 + 1 : -0.75 * (d ** 3 - 5 * d ** 2 + 8 * d - 4)
    }
    const held = (i: number, size: number): number | undefined => {
      if (outside === 'border') return Math.min(size - 1, Math.max(0, i))
      let k = i
      while (outside === 'reflection' && size > 1 && (k < 0 || k >= size))
        k = k < 0 ? (isAligned ? -k : -1 - k) : isAligned ? 2 * size - 2 - k : 2 * size - 1 - k
      return k < 0 || k >= size ? undefined : k
    }
    const along = (n: number, size: number): (readonly [number, number])[] => {
      const at = isAligned ? ((n + 1) * (size - 1)) / 2 : ((n + 1) * size - 1) / 2
      if (mode === 'nearest') return [[Math.abs(at % 1) === 0.5 ? 2 * Math.round(at / 2) : Math.round(at), 1]]
      const first = Math.floor(at) - 1
      return [0, 1, 2, 3].map((k) => [first + k, kernel(Math.abs(at - first - k))])
    }
    const shape = [1, channels, grid!.shape[1]!, grid!.shape[2]!]
    return [
      make(shape, ([, c, y, i]) => {
        const [across, down] = [0, 1].map((k) => along(at(grid!, [0, y!, i!, k]), sizes[1 - k]!))
        let sum = 0
        for (const [row, by] of down!)
          for (const [column, weight] of across!) {
            const [r, k] = [held(row, sizes[0]!), held(column, sizes[1]!)]
            if (r !== undefined && k !== undefined) sum += by * weight * at(x!, [0, c!, r, k])
          }
        return sum
      }),
    ]
  },
  Resize: resize,
  Upsample: resize,
  Identity: ([x]) => [x!],
  Dropout: ([x]) => [x!],
}
