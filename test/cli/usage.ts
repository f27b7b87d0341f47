/** Each of these ends with status 2, no standard output, and this standard error. */
export const refused: readonly (readonly [line: string[], stderr: string])[] = [
  [
    [],
    `error: no operation was given   [E_USAGE]
  usage: convo <operation> <input> <output> [options]
  try: convo --help
`,
  ],
  [
    ['sobell', 'a.png', 'b.png'],
    `error: no filter, operator or command is called "sobell"   [E_NAME]
  try: convo sobel a.png b.png
`,
  ],
  [
    ['lst'],
    `error: no filter, operator or command is called "lst"   [E_NAME]
  try: convo list
`,
  ],
  [
    ['blur', 'a.png', 'b.png'],
    `error: no filter, operator or command is called "blur"   [E_NAME]
  try: convo gaussian a.png b.png
`,
  ],
  [
    ['constructor'],
    `error: no filter, operator or command is called "constructor"   [E_NAME]
  try: convo --help
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
  try: convo sobel in.png out.png
`,
  ],
  [
    ['--sigma', '2', 'gaussian', 'a.png', 'b.png'],
    `error: the operation comes first, got --sigma   [E_USAGE]
  usage: convo <operation> <input> <output> [options]
  try: convo gaussian a.png b.png --sigma 2
`,
  ],
  [
    ['chain', 'a.png', 'b.png'],
    `error: a chain needs its steps after --   [E_USAGE]
  try: convo chain a.png b.png -- gaussian --sigma 2 -- sobel
`,
  ],
  [
    ['conv2d', 'a.png', 'b.png', '--kernel', 'box', '--anchor', '1'],
    `error: --anchor must be 2 numbers, got "1"   [E_OPTION]
  try: convo conv2d a.png b.png --kernel box --anchor 1,1
`,
  ],
  [
    ['conv2d', 'a.png', 'b.png', '--kernel', 'box', '--padding', '1,2,3'],
    `error: --padding must be 1, 2 or 4 numbers (one for all; y,x; top,bottom,left,right), got "1,2,3"   [E_OPTION]
  try: convo conv2d a.png b.png --kernel box --padding 1,2
`,
  ],
  [
    ['check', '--memory', 'much'],
    `error: --memory must be a size such as 512MiB, got "much"   [E_OPTION]
  try: convo check --memory 512MiB
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
  try: convo sobel a.png out.png
`,
  ],
  [
    ['sobel', 'my', 'cat.png', 'b c.png'],
    `error: sobel takes <input> and <output>, got 3 arguments: my cat.png 'b c.png'   [E_USAGE]
  usage: convo sobel <input> <output> [options]
  try: quote a name that contains spaces
`,
  ],
  [
    ['sobel', 'a.png', 'b.png', '-3'],
    `error: sobel takes <input> and <output>, got 3 arguments: a.png b.png -3   [E_USAGE]
  usage: convo sobel <input> <output> [options]
  try: convo sobel a.png b.png
`,
  ],
  [
    ['gaussian', 'a.png', 'b.png', '--sgima', '3'],
    `error: gaussian has no option --sgima   [E_USAGE]
  try: convo gaussian a.png b.png --sigma 3
`,
  ],
  [
    ['gaussian', 'a.png', 'b.png', '-sigma', '3'],
    `error: gaussian has no option -sigma   [E_USAGE]
  try: convo gaussian a.png b.png --sigma 3
`,
  ],
  [
    ['gaussian', 'a.png', 'b.png', '--toString', '3'],
    `error: gaussian has no option --toString   [E_USAGE]
  try: convo gaussian --help
`,
  ],
  [
    ['sobel', 'a.png', 'b.png', '--kernel', 'x'],
    `error: sobel has no option --kernel   [E_USAGE]
  try: convo sobel --help
`,
  ],
  [
    ['gaussian', 'a.png', 'b.png', '--sigma'],
    `error: --sigma needs a value   [E_USAGE]
  --sigma <n>: standard deviation, in pixels
  try: convo gaussian --help
`,
  ],
  [
    ['gaussian', 'a.png', 'b.png', '--sigma', '--gray'],
    `error: --sigma needs a value, but --gray follows   [E_USAGE]
  --sigma <n>: standard deviation, in pixels
  try: convo gaussian --help
`,
  ],
  [
    ['gaussian', 'a.png', 'b.png', '--sigma', '1', '--sigma', '2'],
    `error: --sigma was given twice, as 1 and 2   [E_USAGE]
  try: convo gaussian a.png b.png --sigma 2
`,
  ],
  [
    ['sobel', 'a.png', 'b.png', '--unit=yes'],
    `error: --unit takes no value, got --unit=yes   [E_USAGE]
  try: convo sobel a.png b.png --unit
`,
  ],
  [
    ['sobel', 'a.png', 'b.png', '--scale', '2', '--normalize'],
    `error: --scale and --normalize cannot be used together   [E_USAGE]
  try: convo sobel a.png b.png --scale 2
`,
  ],
  [
    ['sobel', 'a.png', 'b.png', '-qv'],
    `error: --quiet and --verbose cannot be used together   [E_USAGE]
  try: remove --quiet
`,
  ],
  [
    ['sobel', 'a.png', '-', '--json'],
    `error: --json and the picture cannot both go to standard output   [E_USAGE]
  try: convo sobel a.png -
`,
  ],
  [
    ['gaussian', 'a.png', 'b.png', '--sigma', '0'],
    `error: --sigma must be from 0.1 to 500, got 0   [E_OPTION]
  try: convo gaussian a.png b.png --sigma 0.1
`,
  ],
  [
    ['gaussian', 'a.png', 'b.png', '--sigma', 'wide'],
    `error: --sigma must be a number, got "wide"   [E_OPTION]
  try: convo gaussian a.png b.png --sigma 1
`,
  ],
  [
    ['sobel', 'a.png', 'b.png', '--axis', 'magnitud'],
    `error: --axis must be one of x, y, magnitude, angle, got "magnitud"   [E_OPTION]
  try: convo sobel a.png b.png --axis magnitude
`,
  ],
  [
    ['sobel', 'a.png', 'b.png', '--border', 'mirror'],
    `error: "mirror" is ambiguous   [E_NAME]
  SciPy's mirror is convo's reflect:        dcb|abcd|cba
  ImageMagick's mirror is convo's symmetric: cba|abcd|dcb
  try: convo sobel a.png b.png --border reflect
`,
  ],
  [
    ['sobel', 'a.png', 'b.png', '--border', 'replcate'],
    `error: there is no border mode "replcate"   [E_NAME]
  border modes: replicate, symmetric, reflect, wrap, constant
  try: convo sobel a.png b.png --border replicate
`,
  ],
  [
    ['sobel', 'a.png', 'b.png', '--threads', '0'],
    `error: --threads must be from 1 to 1024, got 0   [E_OPTION]
  try: convo sobel a.png b.png --threads 1
`,
  ],
  [
    ['sobel', 'a.png', 'b.jpg', '--compression', '3'],
    `error: --compression 3 does not apply to b.jpg: it is jpeg   [E_OPTION]
  --compression applies to png
  try: convo sobel a.png b.jpg
`,
  ],
  [
    ['sobel', 'a.png', 'b.jpg', '--depth', '16'],
    `error: --depth 16 does not apply to b.jpg: jpeg has 8 bits   [E_OPTION]
  try: convo sobel a.png b.jpg
`,
  ],
  [
    ['sobel', 'a.png', 'b.npy', '--depth', '8'],
    `error: --depth 8 does not apply to b.npy: npy has floating point   [E_OPTION]
  try: convo sobel a.png b.npy
`,
  ],
  [
    ['kernel'],
    `error: kernel needs a second word   [E_USAGE]
  convo kernel convert <in> <out> [options]
  try: convo kernel convert gaussian:sigma=2 gaussian.npy
`,
  ],
  [
    ['kernel', 'convrt'],
    `error: there is no command kernel convrt   [E_USAGE]
  convo kernel convert <in> <out> [options]
  try: convo kernel convert gaussian:sigma=2 gaussian.npy
`,
  ],
  [
    ['list', 'filter'],
    `error: the list must be one of filters, operators, kernels, borders, formats, got "filter"   [E_OPTION]
  try: convo list filters
`,
  ],
  [
    ['help', 'sobl'],
    `error: no filter, operator or command is called "sobl"   [E_NAME]
  try: convo help sobel
`,
  ],
  [
    ['help', 'sobel', 'gaussian'],
    `error: there is no command sobel gaussian   [E_USAGE]
  try: convo help sobel
`,
  ],
  [
    ['chain', 'a.png', 'b.png', '--', 'batch'],
    `error: no filter or operator is called "batch"   [E_NAME]
  batch is a command: it runs an operation on many pictures, skips outputs that are up to date, and resumes after an interruption
  try: convo help batch
`,
  ],
  [
    ['gaussian', 'a.png', 'b.png', '--sigma', '0x10'],
    `error: --sigma must be a number, got "0x10"   [E_OPTION]
  try: convo gaussian a.png b.png --sigma 1
`,
  ],
  [
    ['check', 'convo.check.yaml', '--json', '--allow', 'new'],
    `error: check has no option --json   [E_USAGE]
  try: convo check convo.check.yaml --reporter json --allow new
`,
  ],
  [
    ['gaussian', 'a.png', 'b.png', '--sigma', '2px'],
    `error: --sigma must be a number, got "2px"   [E_OPTION]
  try: convo gaussian a.png b.png --sigma 2
`,
  ],
  [
    ['gaussian', 'a.png', 'b.png', '--range', 'foo'],
    `error: --range must be one of clamp, abs, offset, minmax, raw, got "foo"   [E_OPTION]
  try: convo gaussian --help
`,
  ],
  [
    ['gaussian', 'a.png', 'b.png', '--border', 'foo'],
    `error: there is no border mode "foo"   [E_NAME]
  border modes: replicate, symmetric, reflect, wrap, constant
  try: convo gaussian --help
`,
  ],
  [
    ['chain', 'a.png', 'b.png', '--', 'sobel', '--sigma', '2'],
    `error: sobel has no option --sigma   [E_USAGE]
  try: convo sobel --help
`,
  ],
  [
    ['chain', 'a.png', 'b.png', '--', 'foo'],
    `error: no filter or operator is called "foo"   [E_NAME]
  try: convo --help
`,
  ],
  [
    ['compare', 'a.png', 'b.png', '--ignore', '1,2,3'],
    `error: --ignore must be x,y,width,height in whole pixels, width and height at least 1, got "1,2,3"   [E_OPTION]
  try: convo compare a.png b.png --ignore 1,2,3,3
`,
  ],
  [
    ['show', 'gaussian:sigma=0'],
    `error: gaussian:sigma must be from 0.1 to 500, got 0   [E_OPTION]
  try: convo show gaussian:sigma=0.1
`,
  ],
  [
    ['conv2d', 'a.png', 'b.png', '--kernel', 'box:size=3x4x5'],
    `error: box:size must be 1 to 2 numbers, got "3x4x5"   [E_OPTION]
  try: convo conv2d a.png b.png --kernel box:size=3x4
`,
  ],
  [
    ['list', 'foo'],
    `error: the list must be one of filters, operators, kernels, borders, formats, got "foo"   [E_OPTION]
  try: convo list --help
`,
  ],
  [
    ['completion', 'foo'],
    `error: the shell must be one of bash, zsh, fish, got "foo"   [E_OPTION]
  try: convo completion --help
`,
  ],
  [
    ['batch', 'a.png', '-o', 'x/{stem}.png', '--', 'sobel', '-q'],
    `error: --quiet applies to the batch, not to the operation   [E_OPTION]
  try: convo batch a.png -o 'x/{stem}.png' -q -- sobel
`,
  ],
]
