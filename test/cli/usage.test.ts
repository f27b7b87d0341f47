import { describe, expect, it } from 'vitest'
import { convo } from './convo.ts'

/** Every one of these ends with status 2, nothing on standard output, and this on standard error. */
const refused: readonly (readonly [line: string[], stderr: string])[] = [
  [
    [],
    `error: nothing was asked for   [E_USAGE]
  usage: convo <operation> <input> <output> [options]
  try: convo --help
`,
  ],
  [
    ['sobell', 'a.png', 'b.png'],
    `error: no filter, operator or command is called "sobell"   [E_NAME]
  convo --help and convo list name them all
  try: sobel
`,
  ],
  [
    ['lst'],
    `error: no filter, operator or command is called "lst"   [E_NAME]
  convo --help and convo list name them all
  try: list
`,
  ],
  [
    ['blur', 'a.png', 'b.png'],
    `error: no filter, operator or command is called "blur"   [E_NAME]
  convo --help and convo list name them all
  try: gaussian
`,
  ],
  [
    ['constructor'],
    `error: no filter, operator or command is called "constructor"   [E_NAME]
  convo --help and convo list name them all
`,
  ],
  [
    ['a.png', 'b.png', 'sobel'],
    `error: no filter, operator or command is called "a.png"   [E_NAME]
  the operation comes first
  try: convo sobel a.png b.png
`,
  ],
  [
    ['--json', 'sobel'],
    `error: the operation comes first, got --json   [E_USAGE]
  usage: convo <operation> <input> <output> [options]
  try: convo --help
`,
  ],
  [
    ['sobel'],
    `error: sobel needs <input> and <output>, got none   [E_USAGE]
  usage: convo sobel <input> <output> [options]
  try: convo sobel in.png out.png
`,
  ],
  [
    ['sobel', 'a.png'],
    `error: sobel needs <input> and <output>, got a.png alone   [E_USAGE]
  usage: convo sobel <input> <output> [options]
  try: convo sobel in.png out.png
`,
  ],
  [
    ['sobel', 'my', 'cat.png', 'b c.png'],
    `error: sobel takes <input> and <output>, got 3 arguments: my cat.png "b c.png"   [E_USAGE]
  usage: convo sobel <input> <output> [options]
  try: quotes around a name or value that holds spaces
`,
  ],
  [
    ['sobel', 'a.png', 'b.png', '-3'],
    `error: sobel takes <input> and <output>, got 3 arguments: a.png b.png -3   [E_USAGE]
  usage: convo sobel <input> <output> [options]
  try: quotes around a name or value that holds spaces
`,
  ],
  [
    ['gaussian', 'a.png', 'b.png', '--sgima', '3'],
    `error: gaussian has no option --sgima   [E_USAGE]
  convo gaussian --help lists them
  try: --sigma
`,
  ],
  [
    ['gaussian', 'a.png', 'b.png', '-sigma', '3'],
    `error: gaussian has no option -sigma   [E_USAGE]
  convo gaussian --help lists them
  try: --sigma
`,
  ],
  [
    ['gaussian', 'a.png', 'b.png', '--toString', '3'],
    `error: gaussian has no option --toString   [E_USAGE]
  convo gaussian --help lists them
`,
  ],
  [
    ['sobel', 'a.png', 'b.png', '--kernel', 'x'],
    `error: sobel has no option --kernel   [E_USAGE]
  convo sobel --help lists them
`,
  ],
  [
    ['gaussian', 'a.png', 'b.png', '--sigma'],
    `error: --sigma needs a value   [E_USAGE]
  --sigma <n>: standard deviation, in pixels
`,
  ],
  [
    ['gaussian', 'a.png', 'b.png', '--sigma', '--gray'],
    `error: --sigma needs a value, and --gray follows   [E_USAGE]
  --sigma <n>: standard deviation, in pixels
`,
  ],
  [
    ['gaussian', 'a.png', 'b.png', '--sigma', '1', '--sigma', '2'],
    `error: --sigma was given twice, as 1 and 2   [E_USAGE]
`,
  ],
  [
    ['sobel', 'a.png', 'b.png', '--unit=yes'],
    `error: --unit takes no value, got --unit=yes   [E_USAGE]
  try: --unit
`,
  ],
  [
    ['sobel', 'a.png', 'b.png', '--scale', '2', '--normalize'],
    `error: --scale and --normalize exclude each other   [E_USAGE]
  try: one of the two: --normalize divides by the sum of the weights
`,
  ],
  [
    ['sobel', 'a.png', 'b.png', '-qv'],
    `error: --quiet and --verbose exclude each other   [E_USAGE]
  try: one of the two
`,
  ],
  [
    ['sobel', 'a.png', '-', '--json'],
    `error: --json and the picture cannot both go to standard output   [E_USAGE]
  try: a file for the output, or no --json
`,
  ],
  [
    ['gaussian', 'a.png', 'b.png', '--sigma', '0'],
    `error: --sigma must be from 0.1 to 500, got 0   [E_OPTION]
`,
  ],
  [
    ['gaussian', 'a.png', 'b.png', '--sigma', 'wide'],
    `error: --sigma must be a number, got "wide"   [E_OPTION]
`,
  ],
  [
    ['sobel', 'a.png', 'b.png', '--axis', 'magnitud'],
    `error: --axis must be one of x, y, magnitude, angle, got "magnitud"   [E_OPTION]
  try: magnitude
`,
  ],
  [
    ['sobel', 'a.png', 'b.png', '--border', 'mirror'],
    `error: "mirror" means two different borders   [E_NAME]
  SciPy's mirror is convo's reflect:        dcb|abcd|cba
  ImageMagick's mirror is convo's symmetric: cba|abcd|dcb
  try: reflect or symmetric
`,
  ],
  [
    ['sobel', 'a.png', 'b.png', '--border', 'replcate'],
    `error: no border mode is called "replcate"   [E_NAME]
  border modes: replicate, symmetric, reflect, wrap, constant
  try: replicate
`,
  ],
  [
    ['sobel', 'a.png', 'b.png', '--threads', '0'],
    `error: --threads must be from 1 to 1024, got 0   [E_OPTION]
`,
  ],
  [
    ['sobel', 'a.png', 'b.jpg', '--compression', '3'],
    `error: --compression 3 is for PNG, and b.jpg is jpeg   [E_OPTION]
  try: an output path ending in .png
`,
  ],
  [
    ['sobel', 'a.png', 'b.jpg', '--depth', '16'],
    `error: --depth 16 is not written to b.jpg: jpeg holds 8 bits   [E_OPTION]
  try: an output path ending in .png
`,
  ],
  [
    ['sobel', 'a.png', 'b.npy', '--depth', '8'],
    `error: --depth 8 is not written to b.npy: npy holds floating point   [E_OPTION]
  try: an output path ending in .png
`,
  ],
  [
    ['kernel'],
    `error: kernel needs to know what to do   [E_USAGE]
  convo kernel convert <in> <out> [options]
  try: convo kernel convert
`,
  ],
  [
    ['kernel', 'convrt'],
    `error: kernel cannot convrt   [E_USAGE]
  convo kernel convert <in> <out> [options]
  try: convo kernel convert
`,
  ],
  [
    ['list', 'filter'],
    `error: what to list must be one of filters, operators, kernels, borders, formats, got "filter"   [E_OPTION]
  try: filters
`,
  ],
  [
    ['help', 'sobl'],
    `error: no filter, operator or command is called "sobl"   [E_NAME]
  convo --help and convo list name them all
  try: sobel
`,
  ],
]

describe('a command line that cannot be', () => {
  it.each(refused)('convo %j', async (line, stderr) => {
    expect(await convo(line)).toMatchObject({ status: 2, stdout: '', stderr })
  })
})

describe('a command line that may look wrong', () => {
  // the input is missing on purpose: the line was understood when that is all there is to say
  const understood = [
    ['--bias -3', ['--bias', '-3']],
    ['--bias=-3', ['--bias=-3']],
    ['-k with a leading minus', ['-k', '-1 0 1']],
    ['--kernel with a leading minus', ['--kernel', '-1 0 1']],
    ['--anchor 0,0', ['-k', '1 1', '--anchor', '0,0']],
    ['--fill 0 with a constant border', ['--border', 'constant', '--fill', '0']],
    ['--kernel= with a leading minus', ['--kernel=-1 0 1']],
    ['a fraction with a leading minus', ['--bias', '-.5']],
    ['an alias of a border', ['--border', 'edge']],
    ['the same value twice', ['--bias', '1', '--bias', '1']],
  ] as const
  it.each(understood)('%s', async (_, words) => {
    const kernel = words.some((word) => /^(-k|--kernel)(=|$)/.test(word)) ? [] : ['-k', 'sharpen']
    const { status, stderr } = await convo(['conv2d', 'none.png', 'b.png', ...kernel, ...words])
    expect(stderr).toContain('there is no file none.png   [E_INPUT]')
    expect(status).toBe(2)
  })
  it('takes file names that begin with a minus behind --', async () => {
    const { status, stderr } = await convo(['sobel', '--gray', '--', '-none.png', '-b.png'])
    expect(stderr).toContain('there is no file -none.png   [E_INPUT]')
    expect(status).toBe(2)
  })
})
