/** Numbers with a shape, row-major, with the last index changing fastest. Tensors of the library have this type too. */
export type Grid = { readonly shape: readonly number[]; readonly data: ArrayLike<number> }

/** A result of the oracle. */
export type Result = { readonly shape: readonly number[]; readonly data: Float64Array }

/** How a picture is extended, by the names of networks and of pictures: zeros = constant 0, circular = wrap. */
export type Outside = 'zeros' | 'constant' | 'replicate' | 'reflect' | 'symmetric' | 'circular' | 'wrap'

/** One entry per spatial direction, in the order (depth,) row, column. */
export type Options = {
  readonly bias?: ArrayLike<number> | undefined
  readonly stride?: readonly number[] | undefined
  readonly pads?: readonly (readonly number[])[] | undefined
  readonly dilation?: readonly number[] | undefined
  readonly groups?: number | undefined
  readonly padMode?: Outside | undefined
}

/**
 * Returns the position in 0..n-1 of the sample at position i, or -1 if there is none. It folds one edge at a time, as
 * on paper, so that a border wider than the picture needs no formula.
 */
export function sourcePlace(i: number, n: number, outside: Outside): number {
  let place = i
  while (place < 0 || place > n - 1) {
    const below = place < 0
    switch (outside) {
      case 'zeros':
      case 'constant':
        return -1
      case 'replicate':
        return below ? 0 : n - 1
      case 'reflect':
        if (n === 1) return 0
        place = below ? -place : 2 * (n - 1) - place
        break
      case 'symmetric':
        place = below ? -1 - place : 2 * n - 1 - place
        break
      case 'circular':
      case 'wrap':
        place = below ? place + n : place - n
        break
    }
  }
  return place
}

/** Returns the place of the sample for each tap of each of `windows`, in this order. `of` gives its position. */
function placesOf(
  windows: number,
  taps: number,
  n: number,
  outside: Outside,
  of: (window: number, tap: number) => number,
): Int32Array {
  return Int32Array.from({ length: windows * taps }, (_, i) =>
    sourcePlace(of(Math.floor(i / taps), i % taps), n, outside),
  )
}

/** Correlates x [C,(D,)H,W] with w [O,C/groups,(kD,)kH,kW]. The kernel is not rotated. */
export function correlate(x: Grid, w: Grid, options: Options = {}): Result {
  const [channels, ...size] = solid(x.shape, 1)
  const [filters, channelsPerGroup, ...kernel] = solid(w.shape, 2) as [number, number, ...number[]]
  const { stride, dilation, pads, groups } = complete(options)
  const outside = options.padMode ?? 'zeros'
  if (channelsPerGroup! * groups !== channels) throw new Error('oracle: channels do not fit')
  const out = size.map((n, a) =>
    windows(n + pads[a]![0]! + pads[a]![1]!, kernel[a]!, stride[a]!, dilation[a]!),
  )
  const [D, H, W] = size as Triple
  const [kD, kH, kW] = kernel as Triple
  const [oD, oH, oW] = out as Triple
  const places = size.map((n, a) =>
    placesOf(out[a]!, kernel[a]!, n, outside, (i, tap) => i * stride[a]! - pads[a]![0]! + tap * dilation[a]!),
  )
  const [slices, rows, columns] = places as [Int32Array, Int32Array, Int32Array]
  const data = new Float64Array(filters * oD * oH * oW)
  let at = 0
  for (let o = 0; o < filters; o++) {
    const firstChannel = Math.floor(o / (filters / groups)) * channelsPerGroup
    for (let z = 0; z < oD; z++)
      for (let y = 0; y < oH; y++)
        for (let xx = 0; xx < oW; xx++) {
          let sum = 0
          for (let c = 0; c < channelsPerGroup; c++)
            for (let t = 0; t < kD; t++)
              for (let u = 0; u < kH; u++)
                for (let v = 0; v < kW; v++) {
                  const [sz, sy, sx] = [slices[z * kD + t]!, rows[y * kH + u]!, columns[xx * kW + v]!]
                  const inside = sz >= 0 && sy >= 0 && sx >= 0
                  const sample = inside ? x.data[(((firstChannel + c) * D + sz) * H + sy) * W + sx]! : 0
                  sum += sample * w.data[(((o * channelsPerGroup + c) * kD + t) * kH + u) * kW + v]!
                }
          data[at++] = sum + (options.bias?.[o] ?? 0)
        }
  }
  return { shape: [filters, ...flat(out, x.shape.length - 1)], data }
}

/**
 * Transposed convolution of x [C,(D,)H,W] with w [C,O/groups,(kD,)kH,kW]: every input sample adds the kernel,
 * multiplied by it, to the output.
 */
export function convTranspose(
  x: Grid,
  w: Grid,
  options: Omit<Options, 'padMode'> & { readonly outputPadding?: readonly number[] | undefined } = {},
): Result {
  const [channels, ...size] = solid(x.shape, 1) as [number, ...number[]]
  const [, filtersPerGroup, ...kernel] = solid(w.shape, 2) as [number, number, ...number[]]
  const { stride, dilation, pads, groups } = complete(options)
  const extra = triple(options.outputPadding, 0)
  const filters = filtersPerGroup * groups
  const out = size.map(
    (n, a) =>
      (n - 1) * stride[a]! - pads[a]![0]! - pads[a]![1]! + dilation[a]! * (kernel[a]! - 1) + extra[a]! + 1,
  )
  const [D, H, W] = size as Triple
  const [kD, kH, kW] = kernel as Triple
  const [oD, oH, oW] = out as Triple
  const before = pads.map(([n]) => n) as Triple
  const data = new Float64Array(filters * oD * oH * oW)
  for (let o = 0; o < filters; o++)
    data.fill(options.bias?.[o] ?? 0, o * oD * oH * oW, (o + 1) * oD * oH * oW)
  for (let c = 0; c < channels; c++) {
    const firstFilter = Math.floor(c / (channels / groups)) * filtersPerGroup
    for (let z = 0; z < D; z++)
      for (let y = 0; y < H; y++)
        for (let xx = 0; xx < W; xx++)
          for (let o = 0; o < filtersPerGroup; o++)
            for (let t = 0; t < kD; t++)
              for (let u = 0; u < kH; u++) {
                const tz = z * stride[0] - before[0] + t * dilation[0]
                const ty = y * stride[1] - before[1] + u * dilation[1]
                if (tz < 0 || tz >= oD || ty < 0 || ty >= oH) continue
                for (let v = 0; v < kW; v++) {
                  const tx = xx * stride[2] - before[2] + v * dilation[2]
                  if (tx < 0 || tx >= oW) continue
                  const target = (((firstFilter + o) * oD + tz) * oH + ty) * oW + tx
                  data[target]! +=
                    x.data[((c * D + z) * H + y) * W + xx]! *
                    w.data[(((c * filtersPerGroup + o) * kD + t) * kH + u) * kW + v]!
                }
              }
  }
  return { shape: [filters, ...flat(out, x.shape.length - 1)], data }
}

/**
 * How a filter is applied to a picture. `anchor` is [y,x], by default the middle; `fill` is the sample outside for
 * constant.
 */
export type PictureOptions = {
  readonly mode?: 'correlate' | 'convolve' | undefined
  readonly border?: Outside | undefined
  readonly fill?: number | undefined
  readonly anchor?: readonly number[] | undefined
}

/** Filters each channel of x [C,H,W] with a plane kernel [kH,kW]. The size stays the same. */
export function filterPicture(x: Grid, kernel: Grid, options: PictureOptions = {}): Result {
  const [C, H, W] = x.shape as Triple
  const [kH, kW] = kernel.shape as [number, number]
  const [ay, ax] = (options.anchor ?? [Math.floor(kH / 2), Math.floor(kW / 2)]) as [number, number]
  const way = options.mode === 'convolve' ? -1 : 1
  const border = options.border ?? 'replicate'
  const rows = placesOf(H, kH, H, border, (y, u) => y + way * (u - ay))
  const columns = placesOf(W, kW, W, border, (x, v) => x + way * (v - ax))
  const data = new Float64Array(C * H * W)
  for (let c = 0; c < C; c++)
    for (let y = 0; y < H; y++)
      for (let xx = 0; xx < W; xx++) {
        let sum = 0
        for (let u = 0; u < kH; u++)
          for (let v = 0; v < kW; v++) {
            const [sy, sx] = [rows[y * kH + u]!, columns[xx * kW + v]!]
            const sample = sy < 0 || sx < 0 ? (options.fill ?? 0) : x.data[(c * H + sy) * W + sx]!
            sum += sample * kernel.data[u * kW + v]!
          }
        data[(c * H + y) * W + xx] = sum
      }
  return { shape: [C, H, W], data }
}

/** Returns the kernel [kH,kW] whose rows are `row`, weighted by `col`. */
export function outer(col: ArrayLike<number>, row: ArrayLike<number>): Result {
  const data = new Float64Array(col.length * row.length)
  for (let u = 0; u < col.length; u++)
    for (let v = 0; v < row.length; v++) data[u * row.length + v] = col[u]! * row[v]!
  return { shape: [col.length, row.length], data }
}

/** Returns √(a² + b²), sample by sample. */
export function magnitude(a: Result, b: Result): Result {
  return { shape: a.shape, data: a.data.map((v, i) => Math.sqrt(v * v + b.data[i]! * b.data[i]!)) }
}

/** Returns the sum, sample by sample. */
export function add(a: Result, b: Result): Result {
  return { shape: a.shape, data: a.data.map((v, i) => v + b.data[i]!) }
}

/** Correlates each channel of x [C,H,W] with the outer product of `col` and `row`. */
export function separable(
  x: Grid,
  col: ArrayLike<number>,
  row: ArrayLike<number>,
  options: Options = {},
): Result {
  const channels = x.shape[0]!
  const plane = outer(col, row)
  const data = Float64Array.from({ length: channels * plane.data.length }, (_, i) => {
    return plane.data[i % plane.data.length]!
  })
  return correlate(x, { shape: [channels, 1, ...plane.shape], data }, { ...options, groups: channels })
}

/**
 * Correlates depthwise with [C*m,1,kH,kW], then pointwise with [O,C*m,1,1]. The options are those of the depthwise
 * step.
 */
export function depthwiseSeparable(
  x: Grid,
  depthwise: Grid,
  pointwise: Grid,
  options: Omit<Options, 'groups' | 'bias'> & {
    readonly depthwiseBias?: ArrayLike<number> | undefined
    readonly pointwiseBias?: ArrayLike<number> | undefined
  } = {},
): { intermediate: Result; output: Result } {
  const { depthwiseBias, pointwiseBias, ...rest } = options
  const intermediate = correlate(x, depthwise, { ...rest, bias: depthwiseBias, groups: x.shape[0]! })
  return { intermediate, output: correlate(intermediate, pointwise, { bias: pointwiseBias }) }
}

/** Returns how many positions a window of `kernel` taps has on `room` samples. */
function windows(room: number, kernel: number, stride: number, dilation: number): number {
  let count = 0
  while (count * stride + dilation * (kernel - 1) < room) count++
  return count
}

type Triple = [number, number, number]

function complete(options: Options): { stride: Triple; dilation: Triple; pads: number[][]; groups: number } {
  const pads = (options.pads ?? []).map((p) => [...p])
  while (pads.length < 3) pads.unshift([0, 0])
  return {
    stride: triple(options.stride, 1),
    dilation: triple(options.dilation, 1),
    pads,
    groups: options.groups ?? 1,
  }
}

/** Extends a list of 2 numbers to 3. The depth, or everything if there is no list, is `neutral`. */
function triple(list: readonly number[] | undefined, neutral: number): Triple {
  if (list === undefined) return [neutral, neutral, neutral]
  return list.length === 2 ? [neutral, list[0]!, list[1]!] : (list as Triple)
}

/** Inserts a depth of 1 after `leading` sizes if a shape has no depth. */
function solid(shape: readonly number[], leading: number): number[] {
  return shape.length - leading === 2 ? [...shape.slice(0, leading), 1, ...shape.slice(leading)] : [...shape]
}

const flat = (size: readonly number[], spatial: number): number[] => size.slice(size.length - spatial)
