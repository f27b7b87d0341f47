import { orElse } from '../../error.ts'
import type { Params } from '../../params.ts'

/** What a word of other tools means here. */
export type Hint =
  /** The words of a command line that does it. */
  | { readonly words: readonly string[] }
  /** Why it is not a convolution, and the command of another tool that does it. */
  | { readonly isNot: string; readonly tool: string }

/** Command lines, and other names of what they do in tools and textbooks: in lower case, without `_` and `-`. */
const otherNames: readonly (readonly [line: string, names: string])[] = [
  ['--version', 'version'],
  ['avgpool', 'averagepool averagepooling avgpool2d meanpool'],
  ['bilateral', 'bilateralfilter'],
  ['blackhat', 'bothat'],
  ['box', 'average boxblur boxfilter mean'],
  ['check', 'test verify'],
  ['close', 'closing'],
  ['compare', 'diff'],
  ['conv2d', 'conv conv2 convolution convolution2d convolve correlate filter filter2d imfilter'],
  ['conv3d', 'convolution3d'],
  ['depthwise', 'depthwiseconv depthwiseconv2d'],
  ['depthwise-separable', 'separableconv2d'],
  ['digest', 'hash'],
  ['digest --json', 'identify info'],
  ['dilate', 'dilation'],
  ['dilated', 'atrous dilatedconv'],
  ['disk', 'bokeh defocus lens'],
  ['erode', 'erosion'],
  ['gaussian', 'blur gauss gaussblur gaussianblur gblur lowpass smooth smoothing'],
  ['gradient', 'morphologicalgradient'],
  ['grouped', 'groupedconv'],
  ['guided', 'guidedfilter'],
  ['harris', 'corner cornerharris corners'],
  ['involution', 'adaptiveblur'],
  ['laplacian', 'laplace'],
  ['list filters', 'filters'],
  ['list kernels', 'kernels'],
  ['list operators', 'operators'],
  ['local-contrast', 'localcontrast'],
  ['maximum', 'max'],
  ['maxpool', 'maxpool2d maxpooling pool'],
  ['median', 'despeckle medianblur medianfilter'],
  ['minimum', 'min'],
  ['motion', 'motionblur'],
  ['net model.onnx', 'infer model onnx predict superresolution'],
  ['nlmeans', 'denoise fastnlmeansdenoising nlm nonlocalmeans'],
  ['open', 'morphology opening'],
  ['outline', 'charcoal'],
  ['pad', 'extend padding'],
  ['percentile', 'rank'],
  ['pointwise', 'conv1x1'],
  ['pointwise --preset gray', 'desaturate gray grayscale grey greyscale monochrome rgb2gray'],
  ['pointwise --preset invert', 'invert negate negative'],
  ['pointwise --preset sepia', 'sepia'],
  ['resize', 'downsample reduce scale shrink upscale'],
  ['resize --by 2', 'enlarge'],
  ['resize --curve catmull-rom', 'bicubic'],
  ['resize --curve lanczos3', 'lanczos'],
  ['resize --width 256', 'thumbnail'],
  ['richardson-lucy', 'deblur deconvolution'],
  ['separable', 'sepfilter2d'],
  ['sharpen', 'sharpening'],
  ['sobel', 'edge edgedetect edgedetection edges findedges'],
  ['tophat', 'whitetophat'],
  [
    'transposed',
    'conv2dtranspose convtranspose convtranspose2d convtranspose3d deconv transpose upconv upsample',
  ],
  ['unpool', 'maxunpool maxunpool2d unpooling'],
  ['unsharp', 'unsharpmask usm'],
]

const moves = 'it moves pixels'
const levels = 'it changes each level by itself'

/** The names of operations that are no convolutions, why not, and the command of another tool for them. */
const elsewhere: readonly (readonly [name: string, isNot: string, tool: string])[] = [
  ['affine', moves, 'vips affine in.png out.png "1 0.2 0 1"'],
  ['append', 'it combines two pictures', 'magick a.png b.png +append out.png'],
  ['brightness', levels, 'magick in.png -brightness-contrast 10x0 out.png'],
  ['composite', 'it combines two pictures', 'magick composite over.png in.png out.png'],
  ['contrast', levels, 'magick in.png -brightness-contrast 0x10 out.png'],
  ['convert', 'it only changes the file format', 'convo conv2d in.png out.jpg --kernel 1'],
  ['equalize', levels, 'magick in.png -equalize out.png'],
  ['flip', moves, 'magick in.png -flip out.png'],
  ['flop', moves, 'magick in.png -flop out.png'],
  ['gamma', levels, 'magick in.png -gamma 1.5 out.png'],
  ['histogram', 'it counts levels', 'magick in.png histogram:out.png'],
  ['levels', levels, "magick in.png -level '5%,95%' out.png"],
  ['mirror', moves, 'magick in.png -flop out.png'],
  ['montage', 'it combines two pictures', 'magick montage a.png b.png out.png'],
  ['posterize', levels, 'magick in.png -posterize 4 out.png'],
  ['rotate', moves, 'magick in.png -rotate 90 out.png'],
  ['trim', moves, 'magick in.png -trim +repage out.png'],
]

const operationHints = new Map<string, Hint>([
  ...otherNames.flatMap(([line, names]) =>
    names.split(' ').map((name): [string, Hint] => [name, { words: line.split(' ') }]),
  ),
  ...elsewhere.map(([name, isNot, tool]): [string, Hint] => [name, { isNot, tool }]),
])

/** Returns the hint for a word that is not the name of an operation or command. */
export const operationHint = (word: string): Hint | undefined =>
  operationHints.get(word.toLowerCase().replace(/[_-]/g, ''))

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

const side = ['size', { to: 'radius', value: radiusOf }, { to: 'sigma', value: sigmaOfSide }]

/** The names of options in other tools, and those here. The first that the command has is used. */
const optionNames: readonly (readonly [names: string, options: readonly (string | Renamed)[]])[] = [
  ['atol rtol', ['max-abs']],
  ['background-color cval', ['fill']],
  ['border-mode bordertype mode padding-mode', ['border']],
  ['border-width padding ratio scale', ['by']],
  ['case cases grep name only', ['filter']],
  ['concurrency cores j parallel workers', ['jobs', 'threads']],
  ['connectivity', ['neighbours']],
  ['d diameter kernel-shape kernel-size ksize pool-size win-size window window-size', side],
  ['dilate rate', ['dilation']],
  ['dir out', ['output']],
  ['direction', ['axis', 'angle']],
  ['divide divisor', ['scale']],
  ['element footprint selem', ['shape']],
  ['epsilon fuzz max-diff max-difference tol tolerance', ['max-abs', 'at']],
  ['factor', ['by', 'amount']],
  ['failure-threshold max-diff-pixel-ratio', ['max-diff-ratio']],
  ['filter', ['kernel', { to: 'curve', value: curveOf }]],
  ['grayscale greyscale', [{ to: 'gray', value: flag }]],
  ['group', ['groups']],
  ['high-threshold threshold2', ['high']],
  ['intensity', ['amount']],
  ['interpolation kernel method', [{ to: 'curve', value: curveOf }]],
  ['iter niter num-iter', ['iterations']],
  ['json', [{ to: 'reporter', value: () => 'json' }]],
  ['k', ['kappa']],
  ['level', ['at', 'compression']],
  ['low-threshold threshold1', ['low']],
  ['matrix weights', ['kernel']],
  ['offset', ['bias']],
  [
    'overwrite',
    [
      { to: 'in-place', value: flag },
      { to: 'force', value: flag },
    ],
  ],
  ['p percentile q', ['rank']],
  ['pad', ['padding', 'by']],
  ['pads', ['padding']],
  ['percent', ['rank', { to: 'by', value: (percent) => `${percent.replace(/%$/, '')}%` }]],
  ['psnr', ['min-psnr']],
  [
    'radius',
    [
      { to: 'size', value: sideOf },
      { to: 'sigma', value: sigmaOfRadius },
    ],
  ],
  ['s std stddev', ['sigma']],
  ['sigma sigma-spatial', ['sigma-space']],
  ['sigma-range', ['sigma-color']],
  ['silent', [{ to: 'quiet', value: flag }]],
  ['size', [...side, { to: 'width', value: (size) => size.replace(/^(\d+)[x,](\d+)$/, '$1 --height $2') }]],
  ['ssim', ['min-ssim']],
  ['strength', ['amount', 'sigma']],
  ['strides', ['stride']],
  ['threshold', ['at', 'max-abs', 'high']],
  ['value', ['at', 'fill']],
  ['width', [...side, 'by']],
]

/** Returns the option for an option of another tool, among those that a command has. */
export function optionHint(word: string, options: readonly string[]): Renamed | undefined {
  const key = word.toLowerCase().replaceAll('_', '-')
  const [, found = []] = optionNames.find(([names]) => names.split(' ').includes(key)) ?? []
  const all = found.map((one) => (typeof one === 'string' ? { to: one } : one))
  return all.find(({ to }) => options.includes(to))
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

const accepts = ({ parse }: Params[string], word: string): boolean =>
  orElse(() => {
    parse(word, '')
    return true
  }, false)
