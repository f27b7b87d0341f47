import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { batchSettings } from '../../src/batch/options.ts'
import { namedKernels } from '../../src/filters/names.ts'
import { toleranceSettings } from '../../src/image/compare/tolerance.ts'
import { formats } from '../../src/kernel/formats/index.ts'
import { words } from './mutate.ts'

const project = fileURLToPath(new URL('../../', import.meta.url))

/** An input to start from. `ext` is the extension of its file, or the way it is passed. */
export type Seed = { readonly ext: string; readonly bytes: Uint8Array }

export const seed = (ext: string, text: string): Seed => ({ ext, bytes: Buffer.from(text) })

/** Returns kernels as files in every format, and as typed text with the extension `.word`. */
export const kernelSeeds = (): Seed[] => [
  ...readdirSync(join(project, 'kernels'))
    .filter((name) => !name.endsWith('.mjs'))
    .map((name) => ({ ext: /\.\w+$/.exec(name)![0], bytes: readFileSync(join(project, 'kernels', name)) })),
  ...Object.values(formats).flatMap(({ example, extensions }) => extensions.map((ext) => seed(ext, example))),
  ...typedKernels.map((text) => seed('.word', text)),
  ...typedKernels.map((text) => seed('.txt', text)),
  ...Object.entries(namedKernels).map(([name, { params }]) => {
    const given = Object.entries(params).map(([key, { default: value }]) => `${key}=${String(value ?? 2)}`)
    return seed('.word', `${name}:${given.join(',')}`)
  }),
]

const typedKernels = words(String.raw`
  -1 0 1; -2 0 2; -1 0 1  -1,0,1 -2,0,2  1\t2\n3\t4  0 -1 0 -1 5 -1 0 -1 0:0 0 0 0 1 0 0 0 0:1:1:1/9:1:128
  3x3+1+1@: -1,0,1 -2,0,2 -1,0,1  3x1>: 1,nan,-;2x2<: 1,2,3,4  (1,2;3,4/5,6;7,8^1,2;3,4/5,6;7,8)  [[1,2],[3,4]]
  {"weights":[[[[1]]]],"scale":2,"offset":3,"anchor":[0,0],"bias":[1],"border":"wrap"}  layers.safetensors#edges.weight
  sobel-eight#3  gabor-bank  -#1  ./none.txt  2 2 8 128\n1 0\n0 1\n`)

export const kernelTokens = words(String.raw`
  1/0  nan  -  ;  |  :  @  >  <  /  ^  (  )  [  ]  {  }  ,  #  \r\n  \0  \ufeff  0m=  0rdiv=  0bias=  0mode=row  3x3:
  99999x99999:  1x999999999:  +9+9  "weights":  "scale":0  "__proto__":  "shape":[1,1]  [[[[[[[[  %YAML:1.0
  !!opencv-matrix  dt: "2f"  dt: u  rows: 99999999  data: [  "$base64$  order="9999 9999"  divisor="0"  bias="1e300"
  targetX="-1"  edgeMode="none"  &#x110000;  <![CDATA[  'shape': (99999, 99999)  'shape': ()  '<f8'  '|V8'
  "dtype":"BF16"  "data_offsets":[0,99999999999]  "shape":[4294967296,4294967296]  size=99999  sigma=1e-9  sigma=500
  angle=1e308  =  ,,  size=1,1  __proto__  toString  \ud83d\ude00`)

const manifest = readFileSync(join(project, 'samples/convo.check.yaml'), 'utf8')
const job = readFileSync(join(project, 'samples/convo.batch.yaml'), 'utf8')

/** Returns manifests of checks (`.check.…`) and of batches, in YAML and JSON. */
export const manifestSeeds = (): Seed[] => [
  seed('.check.yaml', manifest),
  seed(
    '.check.yaml',
    'cases:\n- &a\n  name: a/{stem}-{index:03}\n  input: ["*.png", b.png]\n  run: [gaussian, --sigma, 2]\n- <<: *a\n  name: b\n',
  ),
  seed(
    '.check.yaml',
    'goldens: g\nallow: [new]\ndefaults: {tolerance: {max-abs: 2%, reason: r}}\ncases:\n- {name: c, chain: [[sobel], --, relu], input: a.png}\n',
  ),
  seed(
    '.check.json',
    '{"cases":[{"name":"a","actual":"a.png","tolerance":{"max-density":"3/5","ignore":["0,0,2,2"],"reason":"x"}}]}',
  ),
  seed('.batch.yaml', job),
  seed(
    '.batch.yaml',
    'inputs: [photos, scans/*.tif]\nrecursive: true\noutput: out/{rel}/{stem}-{hash:8}.png\noperation: gaussian --sigma 2\n',
  ),
  seed(
    '.batch.json',
    '{"inputs":"a","output":"o/{index:04}.png","operation":["conv2d","--kernel","k.txt"],"options":{"gray":true,"scale":2}}',
  ),
]

export const manifestTokens = [
  ...words(String.raw`
  &a  *a  <<:  !!binary  !!set  !!js/function  ?  -  |\n  >-\n  ---\n  ...\n  %YAML 9.9\n  {  }  [  ]  ~  null  true
  .inf  .nan  0x1f  2026-11-27  "\\u0000"  ''  \t  \r  \ufeff  \u202e  #  :  "  __proto__  constructor  toString  cases
  name  input  run  chain  actual  tolerance  goldens  defaults  ../outside/x  /  ..  .  *  **  {a,b}  {stem}  {rel}
  {index:99999999}  {hash:65}  {op}  {  {{  [a  !(a)  \\  &a [*a, *a]  [&b {}, *b]  ? {a: 1}\n: 2  ? [x]\n: y  exact
  results.json`),
  ...[...Object.keys(toleranceSettings), ...Object.keys(batchSettings), 'x'.repeat(300)],
]

/** Returns settings of a comparison, one per line. */
export const toleranceSeeds = (): Seed[] =>
  [
    'max-abs=2%\nmax-diff-pixels=3\nignore=1,1,2,2\nignore=0,0,1,1',
    'max-diff-ratio=0.5\nmin-psnr=20\nmin-ssim=0.5\nignore-border=1\nalpha=visible',
    'perceptual=0.1\nsize=pad\nicc=ignore\nmax-rmse=3',
    'max-density=3/5\nmax-abs=1\nmask=a.png',
  ].map((text) => seed('.txt', text))

export const toleranceTokens = [
  ...Object.keys(toleranceSettings).map((name) => `\n${name}=`),
  ...words('%  /  ,  -  1/0  0/1  99999/99999  0,0,0,0  -1,-1,9,9  1e9,1e9,1e9,1e9  strict  pad  nan'),
]

/** Returns logs, state files and locks of batches. */
export const logSeeds = (): Seed[] => {
  const start =
    '{"event":"start","time":"2026-01-01T00:00:00.000Z","version":"0.1.0","operation":["sobel"],"output":"o/{stem}.png","shard":"1-of-2","all":4,"total":2,"plan":"p"}'
  const item =
    '{"event":"item","status":"done","input":"a.png","output":"o/a.png","reason":"new","milliseconds":3,"megapixels":0.1,"bytes":9}'
  const bad =
    '{"event":"item","status":"failed","input":"b.png","output":"o/b.png","reason":"new","error":{"code":"E_DECODE","message":"b.png is damaged","why":["b"],"fix":"c"}}'
  const end =
    '{"event":"end","time":"2026-01-01T00:00:01.000Z","shard":"1-of-2","milliseconds":5,"megapixels":0.1,"stopped":"","done":1,"current":0,"failed":1,"left":0}'
  const made =
    '{"output":"a.png","input":"../a.png","hash":"00","operation":"sobel","arithmetic":1,"stamp":"1","size":9,"time":"5"}'
  const space = existsSync('/proc/self/ns/pid') ? readlinkSync('/proc/self/ns/pid') : ''
  const here = `"host":${JSON.stringify(hostname())},"space":${JSON.stringify(space)}`
  const holder = `{${here},"pid":99999999,"birth":"1","shard":"1-of-2","since":"2026-01-01T00:00:00.000Z","workers":[2]}`
  return [
    seed('.log', `${start}\n${item}\n${bad}\n${end}\n`),
    seed('.log', `${start.replace('1-of-2', '')}\n${item}\n`),
    seed('.state', `${made}\n${made}\n`),
    seed('.lock', holder),
  ]
}
