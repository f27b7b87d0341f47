import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { stripes } from './check/repository.ts'
import { convo as run } from './convo.ts'
import { refused } from './usage.ts'

let folder = ''
let copies = ''

beforeAll(() => {
  copies = mkdtempSync(join(tmpdir(), 'convo-try-'))
  folder = mkdtempSync(join(tmpdir(), 'convo-typed-'))
  const names = [
    'a',
    'b',
    'in',
    'golden',
    'actual',
    'my cat',
    'scene',
    '-a',
    'photos/one',
    'photos/two',
    'pictures/one',
  ]
  mkdirSync(join(folder, 'photos'))
  mkdirSync(join(folder, 'pictures'))
  for (const [i, name] of names.entries()) writeFileSync(join(folder, `${name}.png`), stripes(24, i))
  writeFileSync(join(folder, 'edge.mat'), '3 3\n1 0 -1\n2 0 -2\n1 0 -1\n')
  writeFileSync(join(folder, 'k.json'), '[[1]]')
  writeFileSync(join(folder, 'two.txt'), '3x1: 1,0,-1; 1x3: 1,0,-1')
  writeFileSync(join(folder, 'convo.check.yaml'), 'cases: [{ name: one, input: a.png, run: [sobel] }]\n')
  writeFileSync(join(folder, 'job.yaml'), 'inputs: [a.png]\noutput: job/{stem}.png\noperation: sobel\n')
})

afterAll(() => {
  for (const path of [folder, copies]) rmSync(path, { recursive: true, force: true })
})

const convo = (args: readonly string[], { cwd } = { cwd: folder }) => run(args, { cwd })

/** Runs a command line in a copy of the folder. A shell splits it into words. */
async function shell(line: string): Promise<{ status: number | null; text: string }> {
  const words = `convo() { printf '%s\\0' "$@"; }; ${line}`
  const { status, stdout, stderr } = spawnSync('bash', ['-c', words], { cwd: folder, encoding: 'utf8' })
  expect([line, status, stderr]).toEqual([line, 0, ''])
  const copy = mkdtempSync(join(copies, 'try-'))
  cpSync(folder, copy, { recursive: true })
  const ran = await convo(stdout.split('\0').slice(0, -1), { cwd: copy })
  return { status: ran.status, text: ran.stdout + ran.stderr }
}

const suggestionOf = (stderr: string): string | undefined => /^ {2}try: (.*)$/m.exec(stderr)?.[1]

/** Checks that a suggestion is a convo command that works, a command of another tool, or an instruction in words. */
async function expectToWork(suggestion: string): Promise<void> {
  if (!suggestion.startsWith('convo ')) {
    expect(suggestion).toMatch(/^(?!-)\S+ [^<]+$/)
    return
  }
  const { status, text } = await shell(suggestion)
  expect([suggestion, status, text]).toEqual([
    suggestion,
    expect.toBeOneOf([0, 1]),
    expect.not.stringMatching(/^error:/m),
  ])
}

/** What is typed, and what convo suggests. */
const typed: readonly (readonly [line: string, suggestion: string])[] = [
  // numbers that depend on the picture or the kernel
  ['grouped in.png o.png --groups 2', 'convo grouped in.png o.png --groups 3'],
  [
    "separable in.png o.png --kernel '1 2; 3 4' --rank 5",
    "convo separable in.png o.png --kernel '1 2; 3 4' --rank 2",
  ],
  ['depthwise-separable in.png o.png --pointwise 1', 'convo depthwise-separable in.png o.png'],
  ['involution in.png o.png --weights abc', 'ls .'],
  // the position of outputs
  ['batch a.png b.png -o outdir/ -- sobel', "convo batch a.png b.png -o 'outdir/{rel}/{stem}.png' -- sobel"],
  ['batch a.png b.png -o outdir -- sobel', "convo batch a.png b.png -o 'outdir/{rel}/{stem}.png' -- sobel"],
  ['batch a.png b.png -o out/x.jpg -- sobel', "convo batch a.png b.png -o 'out/{rel}/{stem}.jpg' -- sobel"],
  ['batch a.png -o out/{stm}.png -- sobel', "convo batch a.png -o 'out/{stem}.png' -- sobel"],
  ['batch a.png b.png -- sobel', "convo batch a.png b.png --output 'out/{rel}/{stem}.png' -- sobel"],
  [
    'batch photos/one.png pictures/one.png -o out/{stem}.png -- sobel',
    "convo batch photos/one.png pictures/one.png -o 'out/{dir}/{stem}.png' -- sobel",
  ],
  // a missing --
  ['batch a.png b.png -o out/{stem}.png sobel', "convo batch a.png b.png -o 'out/{stem}.png' -- sobel"],
  [
    'batch a.png -o out/{stem}.png gaussian --sigma 2 sobel --unit',
    "convo batch a.png -o 'out/{stem}.png' -- gaussian --sigma 2 -- sobel --unit",
  ],
  ['chain a.png o.png -- gaussian --sigma 2 sobel', 'convo chain a.png o.png -- gaussian --sigma 2 -- sobel'],
  ['chain a.png o.png gaussian --sigma 2 sobel', 'convo chain a.png o.png -- gaussian --sigma 2 -- sobel'],
  ['chain a.png o.png gaussian --sigma 2 -- sobel', 'convo chain a.png o.png -- gaussian --sigma 2 -- sobel'],
  [
    'batch a.png -o out/{stem}.png -- gaussian --sigma 2 sobel',
    "convo batch a.png -o 'out/{stem}.png' -- gaussian --sigma 2 -- sobel",
  ],
  ['explain chain a.png gaussian sobel', 'convo explain chain a.png -- gaussian -- sobel'],
  ['explain chain a.png -- gaussian sobel', 'convo explain chain a.png -- gaussian -- sobel'],
  ['chain a.png o.png -- gaussian b.png', 'convo chain a.png o.png -- gaussian'],
  [
    'chain a.png o.png -- gaussian --sgima 2 -- sobel',
    'convo chain a.png o.png -- gaussian --sigma 2 -- sobel',
  ],
  // words in the wrong order
  ['run sobel a.png o.png', 'convo sobel a.png o.png'],
  ['a.png o.png sobel --unit', 'convo sobel a.png o.png --unit'],
  ['a.png sobel o.png', 'convo sobel a.png o.png'],
  // another value for an option
  ['box a.png o.png --region 99,0,9,9 --size 3', 'convo box a.png o.png --region 0,0,24,24 --size 3'],
  // numbers out of bounds: the nearest valid one
  ['sobel a.png o.png --page 0', 'convo sobel a.png o.png --page 1'],
  ['sobel a.png o.png --page 1.2', 'convo sobel a.png o.png --page 1'],
  ['gaussian a.png o.png --sigma=0', 'convo gaussian a.png o.png --sigma=0.1'],
  ['sobel a.png o.png --mix 2 --mask a.png', 'convo sobel a.png o.png --mix 1 --mask a.png'],
  [
    'chain a.png o.png -- box --size 3 -- median --size 0',
    'convo chain a.png o.png -- box --size 3 -- median --size 1',
  ],
  ['check --shard 3/2', 'convo check --shard 2/2'],
  // files that look like options
  ['sobel -a.png o.png', 'convo sobel ./-a.png o.png'],
  ['approve one --results none', 'convo check --results none'],
  // the same for lists and amounts
  ['median a.png o.png --size 0,5', 'convo median a.png o.png --size 1,5'],
  ['pad a.png o.png --by 2,-4', 'convo pad a.png o.png --by 2,0'],
  ['conv2d a.png o.png -k sharpen --padding -1,2', 'convo conv2d a.png o.png -k sharpen --padding 0,2'],
  ['conv2d a.png o.png -k sharpen --anchor -1,1.2', 'convo conv2d a.png o.png -k sharpen --anchor 0,1'],
  ['sobel a.png o.png --region=-1,0,9,9', 'convo sobel a.png o.png --region=0,0,9,9'],
  ['sobel a.png o.png --region 1,1,0,5', 'convo sobel a.png o.png --region 1,1,1,5'],
  ['sobel a.png o.png --depth 12', 'convo sobel a.png o.png --depth 16'],
  ['sobel a.png o.png --depth 64', 'convo sobel a.png o.png --depth 16'],
  ['animate conv2d o.svg --size 900,5', 'convo animate conv2d o.svg --size 12,5'],
  ['compare a.png b.png --max-abs -1', 'convo compare a.png b.png --max-abs 0'],
  ['compare a.png b.png --max-abs 120%', 'convo compare a.png b.png --max-abs 100%'],
  ['compare a.png b.png --ignore 0,0,0,5', 'convo compare a.png b.png --ignore 0,0,1,5'],
  ['batch a.png -o x-{stem}.png --jobs 0 -- sobel', "convo batch a.png -o 'x-{stem}.png' --jobs 1 -- sobel"],
  ['resize a.png o.png --size 12x8', 'convo resize a.png o.png --width 12 --height 8'],
  ['gaussian a.png o.png --fill zz', 'convo gaussian a.png o.png --fill 1 --border constant'],
  ['pad a.png o.png --fill 300 --border wrap', 'convo pad a.png o.png --fill 255 --border constant'],
  ['compare a.png a.png --ignore 1,2,3', 'convo compare a.png a.png --ignore 1,2,3,3'],
  [
    'compare a.png a.png --ignore 1,2,3,4 --ignore=x',
    'convo compare a.png a.png --ignore 1,2,3,4 --ignore=0,0,16,16',
  ],
  ['compare a.png a.png --shift 2 --perceptual 0.1', 'convo compare a.png a.png --shift 2'],
  ['conv2d a.png o.png -k sharpen --dilation 1e9', 'convo conv2d a.png o.png -k sharpen --dilation 2'],
  [
    'conv2d a.png o.png -k edge.mat --fill 9 --border wrap',
    'convo conv2d a.png o.png -k edge.mat --fill 9 --border constant',
  ],
  ['compare a.png a.png --ignore 1,1,2,3 --ignore 99,1,2,3', 'convo compare a.png a.png --ignore 1,1,2,3'],
  ['compare a.png a.png --ignore=99,1,2,3', 'convo compare a.png a.png'],
  ['animate conv2d o.svg --frame 999', 'convo animate conv2d o.svg --frame 17'],
  ['conv2d a.png o.png -k sharpen --groups 3', 'convo conv2d a.png o.png -k sharpen'],
  ['dog a.png o.png --ratio 1', 'convo dog a.png o.png'],
  ['dog a.png o.png --sigma2 1', 'convo dog a.png o.png'],
  ['kernel convert gabor-bank.npy o.csv', 'convo kernel convert gabor-bank.npy o.json'],
  ['--versio', 'convo --version'],
  ['crop a.png o.png --at 500,500', 'convo crop a.png o.png --at 0,0 --size 24x24'],
  ['normalize a.png o.png --mean 1,2', 'convo normalize a.png o.png --mean 1'],
  ['batchnorm a.png o.png --mean 1,2', 'convo batchnorm a.png o.png --mean 1'],
  ['normalize a.png o.png --std 0', 'convo normalize a.png o.png --std 1'],
  // names of files and folders
  ['sobel photo/twoo.png o.png', 'convo sobel photos/two.png o.png'],
  ['digest nothing-of-the-kind.png', 'ls .'],
  ['sobel photos/nothing-of-the-kind.png o.png', 'ls photos'],
  ['sobel -- -nothing-of-the-kind.png o.png', 'ls .'],
  ['batch merge nothing-of-the-kind.jsonl', 'ls .'],
  ['conv2d a.png o.png -k nothing-of-the-kind.mat', 'convo list kernels'],
  // commands of other tools, with the names that were typed
  ['convert a.png o.jpg', 'convo conv2d a.png o.jpg --kernel 1'],
  ['flip a.png o.png', 'magick a.png -flip o.png'],
  ['histogram a.png', 'magick a.png histogram:out.png'],
  ["rotate 'my cat.png' o.png", "magick 'my cat.png' -rotate 90 o.png"],
  // commands instead of operations and kernels
  ['explain compare', 'convo help compare'],
  ['explain kernel', 'convo help kernel convert'],
  ['chain a.png o.png -- digest', 'convo help digest'],
  ['batch a.png -o x-{stem}.png -- check', 'convo help check'],
  ['show check', 'convo help check'],
  ['animate net', 'convo help net'],
  ['explain diff', 'convo help compare'],
  ['chain a.png o.png -- kernels', 'convo help list'],
  // too few words
  ['kernel', 'convo kernel convert gaussian:sigma=2 gaussian.npy'],
  ['kernel convrt edge.mat o.json', 'convo kernel convert edge.mat o.json'],
  ['kernel nope', 'convo kernel convert gaussian:sigma=2 gaussian.npy'],
  ['completion', 'convo completion bash'],
  ['list filter', 'convo list filters'],
  ['completion powershell', ''],
  ['sobel a.png', 'convo sobel a.png out.png'],
  ['gaussian a.png --sigma 2', 'convo gaussian a.png --sigma 2 out.png'],
  ['conv2d a.png', 'convo conv2d a.png out.png --kernel sharpen'],
  ['conv2d a.png o.png', 'convo conv2d a.png o.png --kernel sharpen'],
  ['compare a.png', 'convo compare a.png actual.png'],
  ['digest', 'convo digest photo.png'],
  // too many words
  ['sobel a.png b.png golden.png', "convo batch a.png b.png golden.png -o 'out/{rel}/{stem}.png' -- sobel"],
  ['sobel a.png b.png o.jpg', "convo batch a.png b.png -o 'out/{rel}/{stem}.jpg' -- sobel"],
  ['sobel a.png b.png made', "convo batch a.png b.png -o 'made/{rel}/{stem}.png' -- sobel"],
  ['sobel my cat.png o.png', "convo sobel 'my cat.png' o.png"],
  ['compare a.png b.png in.png', 'convo compare a.png b.png'],
  ['gaussian a.png o.png 2', 'convo gaussian a.png o.png --sigma 2'],
  ['batch photos out/', "convo batch photos --output 'out/{rel}/{stem}.png' -- sobel"],
  ['batch photos results -- sobel', "convo batch photos -o 'results/{rel}/{stem}.png' -- sobel"],
  ['chain a.png o.png "gaussian --sigma 2" sobel', 'convo chain a.png o.png -- gaussian --sigma 2 -- sobel'],
  [
    'chain a.png o.png -- "gaussian --sigma 2" sobel',
    'convo chain a.png o.png -- gaussian --sigma 2 -- sobel',
  ],
  ['kernel list', 'convo list kernels'],
  ['kernel show sobel-x', 'convo show sobel-x'],
  ['show', 'convo show sobel-x'],
  ['sobel -i a.png -o o.png', 'convo sobel a.png o.png'],
  ['-i a.png -o o.png sobel', 'convo sobel a.png o.png'],
  ['sobel --input a.png --output o.png --unit', 'convo sobel a.png o.png --unit'],
  ['sobel a.png o.png --direction x', 'convo sobel a.png o.png --axis x'],
  // options
  ['gaussian a.png o.png --sgima 2', 'convo gaussian a.png o.png --sigma 2'],
  ['gaussian a.png o.png -sigma 2', 'convo gaussian a.png o.png --sigma 2'],
  ['gaussian a.png o.png --sgima=2', 'convo gaussian a.png o.png --sigma=2'],
  ['sobel a.png o.png --unit=yes', 'convo sobel a.png o.png --unit'],
  ['sobel a.png o.png --border replcate', 'convo sobel a.png o.png --border replicate'],
  ['sobel a.png o.png --border=replcate', 'convo sobel a.png o.png --border=replicate'],
  ['sobel a.png o.png --border mirror', 'convo sobel a.png o.png --border reflect'],
  ['sobel a.png o.png --axis magnitud', 'convo sobel a.png o.png --axis magnitude'],
  ['sobel a.png o.png --fill 3', 'convo sobel a.png o.png --fill 3 --border constant'],
  ['sobel a.png o.png --scale 2 --normalize', 'convo sobel a.png o.png --scale 2'],
  ['sobel a.png o.png --normalize', 'convo sobel a.png o.png'],
  ['conv2d a.png o.png -k gaussian:sigma', 'convo conv2d a.png o.png -k gaussian:sigma=1'],
  ['sobel a.png o.png -q -v', 'convo sobel a.png o.png -v'],
  ['sobel a.png - --json', 'convo sobel a.png -'],
  ['sobel a.png o.jpg --compression 3', 'convo sobel a.png o.jpg'],
  ['sobel a.png o.jpg --depth 16', 'convo sobel a.png o.jpg'],
  ['sobel a.png a.png', 'convo sobel a.png a.png --in-place'],
  ['sobel a.png o.xyz', 'convo sobel a.png o.png'],
  ['sobel a.png photos', 'convo sobel a.png photos/out.png'],
  ['sobel scnee.png o.png', 'convo sobel scene.png o.png'],
  ['gaussian a.png o.png --max-pixels 100', 'convo gaussian a.png o.png --max-pixels 576'],
  ['compare a.png b.png --perceptual 0.1 --max-abs 2', 'convo compare a.png b.png --perceptual 0.1'],
  ['conv2d a.png o.png -k sobel', 'convo conv2d a.png o.png -k sobel-x'],
  ['conv2d a.png o.png -k gausian', 'convo conv2d a.png o.png -k gaussian'],
  ['conv2d a.png o.png -k edg.mat', 'convo conv2d a.png o.png -k edge.mat'],
  ['conv2d a.png o.png -k sobel-eight.txt', "convo conv2d a.png o.png -k 'sobel-eight.txt#1'"],
  [
    'pointwise a.png o.png --preset gray --kernel opponent.json',
    'convo pointwise a.png o.png --kernel opponent.json',
  ],
  ['dog a.png o.png --sigma2 3 --ratio 2', 'convo dog a.png o.png --sigma2 3'],
  [
    'batch photos -o out/{stem}.png --shard 0/2 -- sobel',
    "convo batch photos -o 'out/{stem}.png' --shard 1/2 -- sobel",
  ],
  [
    'batch photos -o out/{stem}.png -- sobel --json',
    "convo batch photos -o 'out/{stem}.png' --json -- sobel",
  ],
  ['chain a.png o.png -- sobel --compression 3', 'convo chain a.png o.png --compression 3 -- sobel'],
  ['check --reporter junti', 'convo check --reporter junit'],
  ['animate conv2', 'convo animate conv2d'],
  ['animate conv2d o.png', 'convo animate conv2d o.gif'],
  ['show gaussian o.jpg', 'convo show gaussian o.png'],
  ['show gaussian --photo a.png', 'convo show gaussian kernel.png --photo a.png'],
  ['kernel convert gaussian o.bin', 'convo kernel convert gaussian o.json'],
  ['explain sobel a.png --svg - --json', 'convo explain sobel a.png --svg -'],
  ['help sobl', 'convo help sobel'],
  ['sobell a.png o.png', 'convo sobel a.png o.png'],
]

describe('what is suggested', () => {
  it.each(typed)('for convo %s is %s', async (line, suggestion) => {
    const { status, text } = await shell(`convo ${line.replaceAll('{', "'{'")}`)
    expect(status).toBe(2)
    const found = suggestionOf(text)
    if (suggestion !== '') expect(found).toBe(suggestion)
    if (found !== undefined && found !== 'convo digest photo.png') await expectToWork(found)
  })

  it.each(refused.map(([line]) => [line.join(' '), line] as const))('for convo %s works', async (_, line) => {
    const { stderr } = await convo(line, { cwd: folder })
    const found = suggestionOf(stderr)
    if (found !== undefined) await expectToWork(found)
  })
})

describe('a word of another tool', () => {
  it.each([
    ['bilateralFilter', 'convo bilateral a.png o.png'],
    ['medianBlur', 'convo median a.png o.png'],
    ['deblur', 'convo richardson-lucy a.png o.png --kernel gaussian:sigma=2'],
    ['thumbnail', 'convo resize --width 256 a.png o.png'],
    ['grayscale', 'convo pointwise --preset gray a.png o.png'],
    ['invert', 'convo pointwise --preset invert a.png o.png'],
    ['blur', 'convo gaussian a.png o.png'],
    ['GaussianBlur', 'convo gaussian a.png o.png'],
    ['edge', 'convo sobel a.png o.png'],
    ['edges', 'convo sobel a.png o.png'],
    ['convolve', 'convo conv2d a.png o.png --kernel sharpen'],
    ['filter2d', 'convo conv2d a.png o.png --kernel sharpen'],
    ['imfilter', 'convo conv2d a.png o.png --kernel sharpen'],
    ['conv', 'convo conv2d a.png o.png --kernel sharpen'],
    ['deconv', 'convo transposed a.png o.png'],
    ['denoise', 'convo nlmeans a.png o.png'],
    ['laplace', 'convo laplacian a.png o.png'],
    ['diff', 'convo compare a.png o.png'],
    ['sepFilter2D', 'convo separable a.png o.png'],
  ])('%s leads to the operation that does it', async (word, suggestion) => {
    const { stderr, status } = await convo([word, 'a.png', 'o.png'], { cwd: folder })
    expect([status, suggestionOf(stderr)]).toEqual([2, suggestion])
    await expectToWork(suggestion.replace('compare a.png o.png', 'compare a.png b.png'))
  })

  it.each([
    ['sobel a.png o.png -- gaussian', 'convo chain a.png o.png -- sobel -- gaussian'],
    [
      'box a.png o.png --range abs --size 5 -- gaussian --sigma 2 sobel',
      'convo chain a.png o.png --range abs -- box --size 5 -- gaussian --sigma 2 -- sobel',
    ],
    ['show sobel-x o.svg -- gaussian', 'convo show sobel-x o.svg'],
    ['compare a.png a.png -- sobel', 'convo compare a.png a.png'],
    ['chain box sobel a.png o.png', 'convo chain a.png o.png -- box -- sobel'],
    ['batch sobel a.png -o x/o.png', 'convo batch a.png --output x/o.png -- sobel'],
    ['batch sobel photos', "convo batch photos --output 'out/{rel}/{stem}.png' -- sobel"],
    [
      'batch photos -o x/{stem}.png -- chain box sobel',
      "convo batch photos -o 'x/{stem}.png' -- chain -- box -- sobel",
    ],
    ['kernel convert edge.mat edge.svg', 'convo kernel convert edge.mat edge.json'],
    ['kernel convert k.json k.svg', 'convo kernel convert k.json k-out.json'],
    ['sobel a.png ./a.qoi', 'convo sobel a.png ./a-out.png'],
    ['compare a.png a.png d.png', 'convo compare a.png a.png --diff d.png'],
    ['resize a.png o.png 50%', 'convo resize a.png o.png --by 50%'],
    ['resize a.png o.png 8x6', 'convo resize a.png o.png --width 8 --height 6'],
    ['crop a.png o.png 5x4+2+1', 'convo crop a.png o.png --size 5,4 --at 2,1'],
    ['crop a.png o.png 2,1,5,4', 'convo crop a.png o.png --size 5,4 --at 2,1'],
    ['blur a.png o.png 0x2', 'convo gaussian a.png o.png --sigma 2'],
    ['magick a.png -blur 0x2 o.png', 'convo gaussian a.png o.png --sigma 2'],
    ['chain a.png o.png -- gaussian 2 -- sobel', 'convo chain a.png o.png -- gaussian --sigma 2 -- sobel'],
    ['a.png o.png', 'convo sobel a.png o.png'],
    ['version', 'convo --version'],
    ['show gaussian o.svg --sigma 3', 'convo show gaussian:sigma=3 o.svg'],
    [
      'conv2d a.png o.png --kernel gaussian --sigma 3 --sigma-y 2',
      'convo conv2d a.png o.png --kernel gaussian:sigma=3,sigma-y=2',
    ],
    [
      'conv2d a.png o.png --kernel sobel-x --border constant=200',
      'convo conv2d a.png o.png --kernel sobel-x --border constant --fill 200',
    ],
    ['kernel sobel-x o.npy', 'convo kernel convert sobel-x o.npy'],
    ['conv2d a.png o.png --matrix sharpen', 'convo conv2d a.png o.png --kernel sharpen'],
    ['compare a.png a.png --psnr 30', 'convo compare a.png a.png --min-psnr 30'],
    ['compare a.png a.png --diff a.qoi', 'convo compare a.png a.png --diff a-out.png'],
    // the fixed line has a second mistake, which is fixed too
    ['a.png pad', 'convo pad a.png out.png'],
    ['edge', 'convo sobel in.png out.png'],
    ['wiener a.png o.png b.mat', 'convo wiener a.png o.png --kernel gaussian:sigma=2'],
    [
      'chain a.png o.png -- gaussian --sigma 2 , sobel',
      'convo chain a.png o.png -- gaussian --sigma 2 -- sobel',
    ],
    ['chain a.png o.png -- box sobel --dry-run', 'convo chain a.png o.png --dry-run -- box -- sobel'],
    ['batch photos/one.png -o x/ -- sobel', "convo batch photos/one.png -o 'x/{rel}/{stem}.png' -- sobel"],
    ['kernels', 'convo list kernels'],
    // the second mistake cannot be fixed, so the help is suggested
    ['laplace a.png o.png --ksize 3', 'convo laplacian --help'],
    ['conv2d --stride a.png o.png -k sharpen', 'convo conv2d --help'],
  ])('%s leads to a line that works', async (line, suggestion) => {
    const { stderr, status } = await convo(line.split(' '), { cwd: folder })
    expect([status, suggestionOf(stderr)]).toEqual([2, suggestion])
    await expectToWork(suggestion)
  })

  it.each([
    ['run: [chain, box, sobel]', 'run: chain -- box -- sobel'],
    ['run: [box, sobel]', 'run: box -- sobel'],
    ['chain: [box, --size, 5, sobel]', 'chain: box --size 5 -- sobel'],
    ['chain: box sobel', 'chain: box -- sobel'],
    ['run: box output.png', 'run: box'],
  ])('a manifest is answered in its own words: %s', async (said, meant) => {
    const check = async (text: string) => {
      writeFileSync(join(folder, 'own.yaml'), `cases: [{ name: one, input: a.png, ${text} }]\n`)
      const { stdout, stderr } = await convo(['check', 'own.yaml'], { cwd: folder })
      return stdout + stderr
    }
    const told = await check(said)
    expect(told).not.toMatch(/<input>|output\.png -- /)
    expect(/^ *try: (.*)$/m.exec(told)?.[1]).toBe(meant.replace(/^\w+: /, ''))
    expect(await check(meant)).toContain('there is no golden yet')
  })

  it('so is a batch in a file', async () => {
    const batch = (operation: string) => {
      const text = `inputs: [a.png]\noutput: own/{stem}.png\noperation: ${operation}\n`
      writeFileSync(join(folder, 'own.yaml'), text)
      return convo(['batch', 'own.yaml', '--force'], { cwd: folder })
    }
    expect(suggestionOf((await batch('[chain, box, sobel]')).stderr)).toBe('chain -- box -- sobel')
    expect((await batch('chain -- box -- sobel')).status).toBe(0)
  })

  it.each(['check one', 'check --only one'])('%s leads to the case of that name', async (line) => {
    const { stderr } = await convo(line.split(' '), { cwd: folder })
    expect(suggestionOf(stderr)).toBe('convo check --filter one')
    await expectToWork('convo check --filter one')
  })

  it('test leads to check', async () => {
    const { stderr } = await convo(['test'], { cwd: folder })
    expect(suggestionOf(stderr)).toBe('convo check')
    await expectToWork('convo check')
  })

  it.each(['rotate', 'flip', 'trim', 'equalize', 'gamma'])(
    '%s is not a convolution, and is named with the tool that does it',
    async (word) => {
      const { stderr, status } = await convo([word, 'a.png', 'o.png'], { cwd: folder })
      expect(status).toBe(2)
      expect(stderr).toMatch(
        new RegExp(`^error: ${word} is not a convolution: .* {3}\\[E_NAME\\]\n.*\n {2}try: magick a\\.png `),
      )
    },
  )

  it.each([
    ['box a.png o.png --radius 2', 'convo box a.png o.png --size 5'],
    ['gaussian a.png o.png --radius 6', 'convo gaussian a.png o.png --sigma 2'],
    ['gaussian a.png o.png --size 12', 'convo gaussian a.png o.png --sigma 2'],
    ['disk a.png o.png --size 7', 'convo disk a.png o.png --radius 3'],
    ['pad a.png o.png --pad 30', 'convo pad a.png o.png --by 30'],
    ['resize a.png o.png --size 900', 'convo resize a.png o.png --width 900'],
    ['box a.png o.png --ksize=5', 'convo box a.png o.png --size 5'],
    ['sobel a.png o.png --kernel-size 5', 'convo sobel a.png o.png --size 5'],
    ['sobel a.png o.png --mode reflect', 'convo sobel a.png o.png --border reflect'],
    ['sobel a.png o.png --workers 2', 'convo sobel a.png o.png --threads 2'],
    ['sobel a.png o.png -j 2', 'convo sobel a.png o.png --threads 2'],
    ['sobel a.png o.png --level 9', 'convo sobel a.png o.png --compression 9'],
    ['sobel a.png o.png --quality 90', 'convo sobel a.png o.png'],
    ['sobel a.png o.png --greyscale', 'convo sobel a.png o.png --gray'],
    ['conv2d a.png o.png --filter sharpen', 'convo conv2d a.png o.png --kernel sharpen'],
    ['conv2d a.png o.png -k sharpen --pad 2', 'convo conv2d a.png o.png -k sharpen --padding 2'],
    ['compare a.png b.png --tolerance 2', 'convo compare a.png b.png --max-abs 2'],
    ['compare a.png b.png --threshold 2', 'convo compare a.png b.png --max-abs 2'],
    ['compare a.png b.png --fuzz 2%', 'convo compare a.png b.png --max-abs 2%'],
    ['threshold a.png o.png --threshold 100', 'convo threshold a.png o.png --at 100'],
    ['bilateral a.png o.png --sigma 3', 'convo bilateral a.png o.png --sigma-space 3'],
    ['canny a.png o.png --threshold1 9 --threshold2 30', 'convo canny a.png o.png --low 9 --high 30'],
    ['unsharp a.png o.png --radius 2', 'convo unsharp a.png o.png --sigma 0.667'],
    ['resize a.png o.png --scale 50%', 'convo resize a.png o.png --by 50%'],
    ['resize a.png o.png --interpolation nearest', 'convo resize a.png o.png --curve nearest'],
    ['resize a.png o.png --filter cubic', 'convo resize a.png o.png --curve catmull-rom'],
    ['resize a.png o.png --percent 50', 'convo resize a.png o.png --by 50%'],
    ['compare a.png b.png --reporter html', 'convo compare a.png b.png'],
    ['pad a.png o.png --width 4', 'convo pad a.png o.png --by 4'],
    ['percentile a.png o.png --percentile 90', 'convo percentile a.png o.png --rank 90'],
    ['dilated a.png o.png -k sobel-x --rate 2', 'convo dilated a.png o.png -k sobel-x --dilation 2'],
    ['batch photos --out x/{stem}.png -- sobel', "convo batch photos --output 'x/{stem}.png' -- sobel"],
    [
      'batch photos -o x/{stem}.png --workers 2 -- sobel',
      "convo batch photos -o 'x/{stem}.png' --jobs 2 -- sobel",
    ],
  ])('%s leads to the option that does it', async (line, suggestion) => {
    const { stderr, status } = await convo(line.split(' '), { cwd: folder })
    expect([status, suggestionOf(stderr)]).toEqual([2, suggestion])
    await expectToWork(suggestion)
  })

  it('an option that was typed already is not suggested once more', async () => {
    const { stderr } = await convo('gaussian a.png o.png --sigma 2 --size 5'.split(' '), { cwd: folder })
    expect(stderr).toContain('gaussian has no option --size')
    expect(stderr).not.toContain('--sigma')
  })

  it('a fix in the sources that begins with convo is a command line and nothing else', () => {
    const src = join(import.meta.dirname, '../../src')
    const sources = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((path) =>
      path.endsWith('.ts'),
    )
    const fixes = sources.flatMap((path) =>
      [...readFileSync(join(src, path), 'utf8').matchAll(/\bfix[:=] *(['`])(convo .*?)\1/g)].map(
        ([, , fix = '']) => fix,
      ),
    )
    expect(fixes.length).toBeGreaterThan(10)
    const words = fixes.map((fix) => fix.replace(/\$\{.*\}/, ''))
    expect(words.filter((fix) => /[,;] | (or|with|then) /.test(fix))).toEqual([])
  })
})
