import type { Params } from '../../params.ts'

/** What a word of other tools means here. */
export type Hint =
  /** The words of a command line that does it. */
  | { readonly words: readonly string[] }
  /** Why it is not a convolution, and the command of another tool that does it. */
  | { readonly isNot: string; readonly tool: string }

const words = (line: string): Hint => ({ words: line.split(' ') })
const not = (isNot: string, tool: string): Hint => ({ isNot, tool })

const moves = 'it moves pixels'
const levels = 'it changes each level by itself'

/** The names of operations in other tools and textbooks, in lower case, without `_` and `-`. */
const operationHints: Readonly<Record<string, Hint>> = {
  adaptiveblur: words('involution'),
  atrous: words('dilated'),
  average: words('box'),
  averagepool: words('avgpool'),
  averagepooling: words('avgpool'),
  avgpool2d: words('avgpool'),
  bicubic: words('resize --curve catmull-rom'),
  bilateralfilter: words('bilateral'),
  blur: words('gaussian'),
  bokeh: words('disk'),
  bothat: words('blackhat'),
  boxblur: words('box'),
  boxfilter: words('box'),
  charcoal: words('outline'),
  closing: words('close'),
  conv: words('conv2d'),
  conv1x1: words('pointwise'),
  conv2: words('conv2d'),
  conv2dtranspose: words('transposed'),
  convolution: words('conv2d'),
  convolution2d: words('conv2d'),
  convolution3d: words('conv3d'),
  convolve: words('conv2d'),
  convtranspose: words('transposed'),
  convtranspose2d: words('transposed'),
  convtranspose3d: words('transposed'),
  corner: words('harris'),
  cornerharris: words('harris'),
  corners: words('harris'),
  correlate: words('conv2d'),
  deblur: words('richardson-lucy'),
  deconv: words('transposed'),
  deconvolution: words('richardson-lucy'),
  defocus: words('disk'),
  denoise: words('nlmeans'),
  depthwiseconv: words('depthwise'),
  depthwiseconv2d: words('depthwise'),
  desaturate: words('pointwise --preset gray'),
  despeckle: words('median'),
  diff: words('compare'),
  dilatedconv: words('dilated'),
  dilation: words('dilate'),
  downsample: words('resize'),
  edge: words('sobel'),
  edgedetect: words('sobel'),
  edgedetection: words('sobel'),
  edges: words('sobel'),
  enlarge: words('resize --by 2'),
  erosion: words('erode'),
  extend: words('pad'),
  fastnlmeansdenoising: words('nlmeans'),
  filter: words('conv2d'),
  filter2d: words('conv2d'),
  filters: words('list filters'),
  findedges: words('sobel'),
  gauss: words('gaussian'),
  gaussblur: words('gaussian'),
  gaussianblur: words('gaussian'),
  gblur: words('gaussian'),
  gray: words('pointwise --preset gray'),
  grayscale: words('pointwise --preset gray'),
  grey: words('pointwise --preset gray'),
  greyscale: words('pointwise --preset gray'),
  groupedconv: words('grouped'),
  guidedfilter: words('guided'),
  hash: words('digest'),
  identify: words('digest --json'),
  imfilter: words('conv2d'),
  infer: words('net model.onnx'),
  info: words('digest --json'),
  invert: words('pointwise --preset invert'),
  kernels: words('list kernels'),
  lanczos: words('resize --curve lanczos3'),
  laplace: words('laplacian'),
  lens: words('disk'),
  localcontrast: words('local-contrast'),
  lowpass: words('gaussian'),
  max: words('maximum'),
  maxpool2d: words('maxpool'),
  maxpooling: words('maxpool'),
  maxunpool: words('unpool'),
  maxunpool2d: words('unpool'),
  mean: words('box'),
  meanpool: words('avgpool'),
  medianblur: words('median'),
  medianfilter: words('median'),
  min: words('minimum'),
  model: words('net model.onnx'),
  monochrome: words('pointwise --preset gray'),
  morphologicalgradient: words('gradient'),
  morphology: words('open'),
  motionblur: words('motion'),
  negate: words('pointwise --preset invert'),
  negative: words('pointwise --preset invert'),
  nlm: words('nlmeans'),
  nonlocalmeans: words('nlmeans'),
  onnx: words('net model.onnx'),
  opening: words('open'),
  operators: words('list operators'),
  padding: words('pad'),
  pool: words('maxpool'),
  predict: words('net model.onnx'),
  rank: words('percentile'),
  reduce: words('resize'),
  rgb2gray: words('pointwise --preset gray'),
  scale: words('resize'),
  separableconv2d: words('depthwise-separable'),
  sepfilter2d: words('separable'),
  sepia: words('pointwise --preset sepia'),
  sharpening: words('sharpen'),
  shrink: words('resize'),
  smooth: words('gaussian'),
  smoothing: words('gaussian'),
  superresolution: words('net model.onnx'),
  test: words('check'),
  thumbnail: words('resize --width 256'),
  transpose: words('transposed'),
  unpooling: words('unpool'),
  unsharpmask: words('unsharp'),
  upconv: words('transposed'),
  upsample: words('transposed'),
  upscale: words('resize'),
  usm: words('unsharp'),
  verify: words('check'),
  version: words('--version'),
  whitetophat: words('tophat'),

  affine: not(moves, 'vips affine in.png out.png "1 0.2 0 1"'),
  append: not('it combines two pictures', 'magick a.png b.png +append out.png'),
  brightness: not(levels, 'magick in.png -brightness-contrast 10x0 out.png'),
  composite: not('it combines two pictures', 'magick composite over.png in.png out.png'),
  contrast: not(levels, 'magick in.png -brightness-contrast 0x10 out.png'),
  convert: not('it only changes the file format', 'convo conv2d in.png out.jpg --kernel 1'),
  equalize: not(levels, 'magick in.png -equalize out.png'),
  flip: not(moves, 'magick in.png -flip out.png'),
  flop: not(moves, 'magick in.png -flop out.png'),
  gamma: not(levels, 'magick in.png -gamma 1.5 out.png'),
  histogram: not('it counts levels', 'magick in.png histogram:out.png'),
  levels: not(levels, "magick in.png -level '5%,95%' out.png"),
  mirror: not(moves, 'magick in.png -flop out.png'),
  montage: not('it combines two pictures', 'magick montage a.png b.png out.png'),
  posterize: not(levels, 'magick in.png -posterize 4 out.png'),
  rotate: not(moves, 'magick in.png -rotate 90 out.png'),
  trim: not(moves, 'magick in.png -trim +repage out.png'),
}

/** Returns the hint for a word that is not the name of an operation or command. */
export function operationHint(word: string): Hint | undefined {
  const key = word.toLowerCase().replace(/[_-]/g, '')
  return Object.hasOwn(operationHints, key) ? operationHints[key] : undefined
}

/** The convo option for an option of another tool, and a function for its value. A value of '' means none. */
type Renamed = { readonly to: string; value?(typed: string): string }

const radiusOf = (side: string): string => String(Math.max(1, Math.floor(Number(side.split(/[x,]/)[0]) / 2)))
const sideOf = (radius: string): string => String(2 * Math.round(Number(radius)) + 1)
const flag = (): string => ''
const curves: Readonly<Record<string, string>> = {
  bicubic: 'catmull-rom',
  cubic: 'catmull-rom',
  lanczos: 'lanczos3',
  linear: 'bilinear',
}
const curveOf = (typed: string): string => curves[typed.toLowerCase()] ?? typed

// a window of this side is about six standard deviations wide, and a radius about three
const sigmaOf = (size: string, sigmas: number): string =>
  String(Number(Math.max(0.1, Number(size.split(/[x,]/)[0]) / sigmas).toPrecision(3)))
const sigmaOfSide = (side: string): string => sigmaOf(side, 6)
const sigmaOfRadius = (radius: string): string => sigmaOf(radius, 3)

const side: readonly Renamed[] = [
  { to: 'size' },
  { to: 'radius', value: radiusOf },
  { to: 'sigma', value: sigmaOfSide },
]
const limit: readonly Renamed[] = [{ to: 'max-abs' }, { to: 'at' }]

/** The names of options in other tools. The first entry that the command has is used. */
const optionHints: Readonly<Record<string, readonly Renamed[]>> = {
  atol: [{ to: 'max-abs' }],
  'background-color': [{ to: 'fill' }],
  'border-mode': [{ to: 'border' }],
  'border-width': [{ to: 'by' }],
  bordertype: [{ to: 'border' }],
  case: [{ to: 'filter' }],
  cases: [{ to: 'filter' }],
  concurrency: [{ to: 'jobs' }, { to: 'threads' }],
  connectivity: [{ to: 'neighbours' }],
  cores: [{ to: 'jobs' }, { to: 'threads' }],
  cval: [{ to: 'fill' }],
  d: side,
  diameter: side,
  dilate: [{ to: 'dilation' }],
  dir: [{ to: 'output' }],
  direction: [{ to: 'axis' }, { to: 'angle' }],
  divide: [{ to: 'scale' }],
  divisor: [{ to: 'scale' }],
  element: [{ to: 'shape' }],
  epsilon: limit,
  factor: [{ to: 'by' }, { to: 'amount' }],
  'failure-threshold': [{ to: 'max-diff-ratio' }],
  filter: [{ to: 'kernel' }, { to: 'curve', value: curveOf }],
  footprint: [{ to: 'shape' }],
  fuzz: limit,
  grayscale: [{ to: 'gray', value: flag }],
  grep: [{ to: 'filter' }],
  greyscale: [{ to: 'gray', value: flag }],
  group: [{ to: 'groups' }],
  'high-threshold': [{ to: 'high' }],
  intensity: [{ to: 'amount' }],
  interpolation: [{ to: 'curve', value: curveOf }],
  iter: [{ to: 'iterations' }],
  j: [{ to: 'jobs' }, { to: 'threads' }],
  json: [{ to: 'reporter', value: () => 'json' }],
  k: [{ to: 'kappa' }],
  kernel: [{ to: 'curve', value: curveOf }],
  'kernel-shape': side,
  'kernel-size': side,
  ksize: side,
  level: [{ to: 'at' }, { to: 'compression' }],
  'low-threshold': [{ to: 'low' }],
  matrix: [{ to: 'kernel' }],
  'max-diff': limit,
  'max-diff-pixel-ratio': [{ to: 'max-diff-ratio' }],
  'max-difference': limit,
  method: [{ to: 'curve', value: curveOf }],
  mode: [{ to: 'border' }],
  name: [{ to: 'filter' }],
  niter: [{ to: 'iterations' }],
  'num-iter': [{ to: 'iterations' }],
  offset: [{ to: 'bias' }],
  only: [{ to: 'filter' }],
  out: [{ to: 'output' }],
  overwrite: [
    { to: 'in-place', value: flag },
    { to: 'force', value: flag },
  ],
  p: [{ to: 'rank' }],
  pad: [{ to: 'padding' }, { to: 'by' }],
  padding: [{ to: 'by' }],
  'padding-mode': [{ to: 'border' }],
  pads: [{ to: 'padding' }],
  parallel: [{ to: 'jobs' }, { to: 'threads' }],
  percent: [{ to: 'rank' }, { to: 'by', value: (percent) => `${percent.replace(/%$/, '')}%` }],
  percentile: [{ to: 'rank' }],
  'pool-size': side,
  psnr: [{ to: 'min-psnr' }],
  q: [{ to: 'rank' }],
  radius: [
    { to: 'size', value: sideOf },
    { to: 'sigma', value: sigmaOfRadius },
  ],
  rate: [{ to: 'dilation' }],
  ratio: [{ to: 'by' }],
  rtol: [{ to: 'max-abs' }],
  s: [{ to: 'sigma' }],
  scale: [{ to: 'by' }],
  selem: [{ to: 'shape' }],
  sigma: [{ to: 'sigma-space' }],
  'sigma-range': [{ to: 'sigma-color' }],
  'sigma-spatial': [{ to: 'sigma-space' }],
  silent: [{ to: 'quiet', value: flag }],
  size: [...side, { to: 'width', value: (size) => size.replace(/^(\d+)[x,](\d+)$/, '$1 --height $2') }],
  ssim: [{ to: 'min-ssim' }],
  std: [{ to: 'sigma' }],
  stddev: [{ to: 'sigma' }],
  strength: [{ to: 'amount' }, { to: 'sigma' }],
  strides: [{ to: 'stride' }],
  threshold: [{ to: 'at' }, { to: 'max-abs' }, { to: 'high' }],
  threshold1: [{ to: 'low' }],
  threshold2: [{ to: 'high' }],
  tol: limit,
  tolerance: limit,
  value: [{ to: 'at' }, { to: 'fill' }],
  weights: [{ to: 'kernel' }],
  width: [...side, { to: 'by' }],
  'win-size': side,
  window: side,
  'window-size': side,
  workers: [{ to: 'jobs' }, { to: 'threads' }],
}

/** Returns the option for an option of another tool, among those that a command has. */
export function optionHint(word: string, options: readonly string[]): Renamed | undefined {
  const key = word.toLowerCase().replaceAll('_', '-')
  const found = Object.hasOwn(optionHints, key) ? optionHints[key]! : []
  return found.find(({ to }) => options.includes(to))
}

/**
 * Forms in which other tools write values, the options that an operation needs to have for them, and the options here.
 */
const valueForms: readonly (readonly [form: RegExp, needed: readonly string[], ...options: string[]])[] = [
  [/^(\d+)x(\d+)$/, ['width', 'height'], '--width $1', '--height $2'],
  [/^(\d+)x(\d+)$/, ['size', 'at'], '--size $1,$2'],
  [/^(\d+)x(\d+)\+(\d+)\+(\d+)$/, ['size', 'at'], '--size $1,$2', '--at $3,$4'],
  [/^(\d+),(\d+),(\d+),(\d+)$/, ['size', 'at'], '--size $3,$4', '--at $1,$2'],
  [/^(?:[\d.]+)x([\d.]+)$/, ['sigma'], '--sigma $1'],
  [/^([\d.]+%)$/, ['by'], '--by $1'],
]

/** Returns the option for a lone value of an operation, such as `2`, `0x3` or `50%`, or undefined if none fits. */
export function valueHint(word: string, params: Params): readonly string[] | undefined {
  for (const [form, needed, ...options] of valueForms) {
    if (form.test(word) && needed.every((name) => Object.hasOwn(params, name)))
      return options.flatMap((option) => word.replace(form, option).split(' '))
  }
  if (!/^\d[\d.,]*$/.test(word)) return undefined
  const [name] =
    Object.entries(params).find(([, param]) => param.isFlag !== true && accepts(param, word)) ?? []
  return name === undefined ? undefined : [`--${name}`, word]
}

function accepts({ parse }: Params[string], word: string): boolean {
  try {
    parse(word, '')
    return true
  } catch {
    return false
  }
}
