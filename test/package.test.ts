import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import { newest } from './ends.ts'
import { installed, isInstalled, packed } from './packed.ts'

const at = packed(['typescript@5.0.4', '@types/node@20'])
// as on a developer's machine: in CI no golden is ever written
const { CI: _, ...env } = process.env
const convo = (...args: string[]) =>
  spawnSync(process.execPath, [at('node_modules/convo/bin/convo.js'), ...args], {
    cwd: at(),
    encoding: 'utf8',
    env,
  })

describe('the package', () => {
  test('runs a filter on worker threads, and a kernel of its own by name and by file', async () => {
    const noise = { type: 'gaussian' as const, mean: 128, sigma: 40 }
    await sharp({ create: { width: 1200, height: 900, channels: 3, background: 'black', noise } })
      .png({ compressionLevel: 1 })
      .toFile(at('in.png'))
    for (const words of [
      ['sobel', 'in.png', 'one.png', '--threads', '1'],
      ['sobel', 'in.png', 'two.png', '--threads', '2'],
      ['conv2d', 'in.png', 'name.png', '--kernel', 'emboss-5x5'],
      ['conv2d', 'in.png', 'file.png', '--kernel', 'node_modules/convo/kernels/emboss-5x5.json'],
    ]) {
      expect([words, convo(...words, '-q')]).toMatchObject([words, { status: 0, stderr: '' }])
    }
    expect(readFileSync(at('one.png')).equals(readFileSync(at('two.png')))).toBe(true)
    expect(readFileSync(at('name.png')).equals(readFileSync(at('file.png')))).toBe(true)
  })

  test.runIf(isInstalled)('gives the same bytes on the newest Node', () => {
    const folder = at('newest')
    mkdirSync(folder)
    writeFileSync(join(folder, 'package.json'), '{ "private": true }')
    const words = ['install', '--no-audit', '--no-fund', '--prefer-offline', `node@${newest}`]
    execFileSync('npm', words, { cwd: folder, stdio: 'ignore' })
    const program = at('node_modules/convo/bin/convo.js')
    for (const [name, ...more] of [
      ['one.png', 'sobel'],
      ['net.png', 'net', fileURLToPath(new URL('../samples/networks/denoise.safetensors', import.meta.url))],
    ] as const) {
      expect(convo(...more, 'in.png', name, '-q')).toMatchObject({ status: 0 })
      const node = join(folder, 'node_modules/node/bin/node')
      const line = [program, ...more, 'in.png', 'newest.png', '-q']
      expect(spawnSync(node, line, { cwd: at(), encoding: 'utf8' })).toMatchObject({ status: 0, stderr: '' })
      expect(readFileSync(at('newest.png')).equals(readFileSync(at(name)))).toBe(true)
    }
  })

  test('batches, checks and reports: what they need is in it', () => {
    expect(convo('batch', 'in.png', '-o', 'out/{stem}.png', '-q', '--', 'box')).toMatchObject({ status: 0 })
    writeFileSync(
      at('convo.check.yaml'),
      'goldens: goldens\ncases:\n  - { name: box, input: in.png, run: [box] }\n',
    )
    expect(convo('check', '--update')).toMatchObject({ status: 0 })
    expect(convo('check', '--reporter', 'html=report.html')).toMatchObject({ status: 0 })
    expect(readFileSync(at('report.html'), 'utf8')).toContain('<html')
    expect(convo('completion', 'bash')).toMatchObject({ status: 0 })
  })

  test('has what its documents show and link to, but for the sources and the tools of a checkout', () => {
    const home = at('node_modules/convo')
    const pages = ['README.md', ...readdirSync(join(home, 'docs')).map((name) => `docs/${name}`)]
    const links = pages
      .filter((page) => page.endsWith('.md'))
      .flatMap((page) =>
        [
          ...readFileSync(join(home, page), 'utf8').matchAll(/\]\(([^)#\s:]+)(?:#[^)]*)?\)|src="([^":]+)"/g),
        ].map(([, link, picture]) => join(dirname(page), link ?? picture!)),
      )
    expect(links.filter((link) => link.startsWith('docs/pictures/')).length).toBeGreaterThan(50)
    const lost = links.filter((link) => !existsSync(join(home, link)))
    expect([...new Set(lost)].filter((link) => !/^(src|test|samples|\.github|\.ci)\b/.test(link))).toEqual([])
    expect(existsSync(join(home, 'samples/programs/folder.mjs'))).toBe(true)
    expect(readFileSync(join(home, 'dist/bundled-licenses.txt'), 'utf8')).toMatch(
      /^commander [\d.]+ \(MIT\)/m,
    )
  })

  test('shows little of its code with an error that is not caught', () => {
    const words = ['--input-type=module', '-e', "import convo from 'convo'; convo('a.png').box({ siz: 3 })"]
    const { status, stderr } = spawnSync(process.execPath, words, { cwd: at(), encoding: 'utf8' })
    expect([status, stderr]).toEqual([1, expect.stringContaining("code: 'E_NAME'")])
    expect(stderr.split('\n').filter((line) => line.length > 200)).toEqual([])
  })

  const program = `import convo, { conv2d, ConvoError, type ConvOptions, maxPool2d, Tensor } from 'convo'
import { toMatchGolden } from 'convo/matchers'
const options: ConvOptions = { padding: 'same', paddingMode: 'replicate' }
async function main() {
  const x = new Tensor([1, 5, 5], Float32Array.from({ length: 25 }, (_, i) => i))
  const y: Tensor = await conv2d(x, new Tensor([1, 1, 3, 3], new Float32Array(9).fill(1)), options)
  const { output } = await maxPool2d(y, { kernelSize: 2, returnIndices: true })
  const image = { data: new Uint8ClampedArray(16), width: 2, height: 2 }
  const chain = convo(image, { threads: 1 }).gaussian({ sigma: 2, border: 'wrap' })
  const { channels, data } = await chain.raw()
  const limits = { channels: 0, maxPixels: '1M' } as const
  const stream: ReadableStream<Uint8Array> = new Blob([await chain.toBuffer()]).stream()
  await convo(stream, limits).crop({ size: [1, 1] }).as('tif').toBuffer()
  const memory: readonly ArrayBuffer[] = [data.buffer, (await chain.webp({ quality: 80 }).toBuffer()).buffer]
  try {
    // @ts-expect-error: no such option
    await conv2d(x, x, { pading: 1 })
    // @ts-expect-error: no kernel
    await convo(image).conv2d().raw()
    // @ts-expect-error: no such border
    await convo(image).box({ border: 'mirrored' }).raw()
  } catch (error) {
    if (error instanceof ConvoError) console.log(error.code)
  }
  console.log(Tensor.name, y.data[12], output.shape.join('x'), channels, memory.length, typeof toMatchGolden)
}
void main()
`
  const strict = {
    target: 'es2022',
    // without `dom`, like most programs for Node
    lib: ['es2022'],
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    esModuleInterop: true,
    skipLibCheck: false,
    types: [],
  }

  test('has types that TypeScript 5.0 can read', () => {
    const types = at('node_modules/convo/dist/types')
    const declared = readdirSync(types, { encoding: 'utf8', recursive: true }).filter((name) =>
      name.endsWith('.d.ts'),
    )
    // TypeScript 5.0 does not have NoInfer, and its typed arrays have no type arguments
    const later = /\bNoInfer<|\b(\w+\dArray|Buffer)</
    expect(declared.filter((name) => later.test(readFileSync(join(types, name), 'utf8')))).toEqual([])
  })

  const both = ['mts', 'cts']
  const compilers: readonly (readonly [string, string, string, readonly string[]])[] = [
    ['the newest TypeScript', 'nodenext', 'nodenext', both],
    ['the newest TypeScript', 'esnext', 'bundler', ['mts']],
    ['TypeScript 5.0', 'node16', 'node16', both],
    ['TypeScript 5.0', 'esnext', 'bundler', ['mts']],
    ['TypeScript 5.0', 'commonjs', 'node10', ['cts']],
  ]
  for (const [compiler, module, moduleResolution, kinds] of compilers) {
    test.skipIf(!isInstalled && module !== 'nodenext')(
      `is a library with types, in full, for ${compiler} with the resolution ${moduleResolution}`,
      () => {
        const isOld = compiler === 'TypeScript 5.0'
        const files = kinds.map((kind) => `program.${kind}`)
        for (const file of files) {
          writeFileSync(at(file), program)
          rmSync(at(file.replace('ts', 'js')), { force: true })
        }
        const compilerOptions = { ...strict, module, moduleResolution }
        writeFileSync(at('tsconfig.json'), JSON.stringify({ compilerOptions, files }))
        const tsc = isOld ? at('node_modules/typescript/bin/tsc') : installed('typescript/bin/tsc')
        const { stdout } = spawnSync(process.execPath, [tsc, '-p', at()], { encoding: 'utf8' })
        // sharp's own types are for newer types of Node, in which Buffer is generic
        const ofSharp = /node_modules\/sharp\/.*TS2315/
        const lines = stdout.split('\n').filter((line) => !(isOld && ofSharp.test(line)))
        expect(lines.join('\n').trim().replaceAll(at(), '')).toBe('')
        for (const file of files) {
          const words = [file.replace('ts', 'js')]
          const run = spawnSync(process.execPath, words, { cwd: at(), encoding: 'utf8' })
          expect([run.stderr, run.stdout]).toEqual(['', 'E_NAME\nTensor 108 1x2x2 4 2 function\n'])
        }
      },
    )
  }
})
