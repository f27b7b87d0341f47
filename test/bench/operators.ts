import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import sharp from 'sharp'

// Operators on a picture of 12 megapixels: whole processes, from start to finished file, with their peak memory.
// Optionally in turn with another checkout; medians. With --memory also on 3, 12, 53 and 200 megapixels.

const path = (name: string) => fileURLToPath(new URL(name, import.meta.url))
const shared = path('../../../shared/photos/m12.png')

/**
 * Command lines by name. `$k` is a file with a bank of 16 filters of 3x3 over three channels, `$s` a folder of 200 gray
 * slices of 512x512.
 */
const lines: Readonly<Record<string, readonly string[]>> = {
  'conv2d, 16 filters 3x3, sheet': ['conv2d', '$i', '$o', '--kernel', '$k', '--channels', 'montage'],
  'that, relu, maxpool 3': [
    'chain',
    '$i',
    '$o',
    '--channels',
    'montage',
    '--',
    'conv2d',
    '--kernel',
    '$k',
    '--',
    'relu',
    '--',
    'maxpool',
    '--size',
    '3',
  ],
  'transposed --stride 2': ['transposed', '$i', '$o', '--stride', '2'],
  unpool: ['unpool', '$i', '$o'],
  maxpool: ['maxpool', '$i', '$o'],
  involution: ['involution', '$i', '$o'],
  'depthwise-separable': ['depthwise-separable', '$i', '$o'],
  'gray, gaussian 1, sobel, invert': [
    'chain',
    '$i',
    '$o',
    '--gray',
    '--',
    'gaussian',
    '--sigma',
    '1',
    '--',
    'sobel',
    '--',
    'pointwise',
    '--preset',
    'invert',
  ],
  'separable --rank 2': ['separable', '$i', '$o', '--kernel', '1 2 1; 2 5 2; 1 2 1', '--rank', '2'],
  sobel: ['sobel', '$i', '$o'],
  'conv3d sobel, 200 slices of 512²': ['conv3d', '$s', '$v', '--filter', 'sobel'],
}

/** The operators whose memory is plotted against size. */
const drawn = ['transposed --stride 2', 'unpool', 'maxpool', 'involution', 'depthwise-separable', 'sobel']

type Measured = { readonly seconds: number; readonly mebibytes: number }

/** @param against the folder of another built checkout */
export async function benchOperators(
  runs: number,
  only: string,
  against: string | undefined,
  memory: boolean,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'convo-bench-'))
  const places = {
    $i: join(folder, 'in.png'),
    $o: join(folder, 'out.png'),
    $k: join(folder, 'bank.npy'),
    $s: join(folder, 'slices'),
    $v: join(folder, 'made', '{index}.png'),
  }
  const builds = [path('../..'), ...(against === undefined ? [] : [against])]
  const measure = (build: string, line: readonly string[]): Measured => {
    const words = line
      .flatMap((word) => (['$o', '$v'].includes(word) ? [word, '--quiet', '--max-pixels', '1G'] : [word]))
      .map((word) => places[word as '$i'] ?? word)
    const args = ['-f', '%e %M', process.execPath, join(build, 'bin/convo.js'), ...words]
    const { stderr, status } = spawnSync('time', args, { encoding: 'utf8' })
    if (status !== 0) throw new Error(`${words.join(' ')}: ${stderr}`)
    const [seconds = 0, kib = 0] = stderr.trim().split('\n').at(-1)!.split(' ').map(Number)
    return { seconds, mebibytes: kib / 1024 }
  }
  try {
    await writePicture(places.$i, 12)
    const { kernel: made } = await import('../../src/kernel/kernel.ts')
    const { writeKernel } = await import('../../src/kernel/formats/index.ts')
    const weights = Float64Array.from({ length: 16 * 27 }, (_, i) => ((i * 7) % 11) / 11 - 0.45)
    writeFileSync(places.$k, writeKernel(made([16, 3, 3, 3], weights), places.$k))
    mkdirSync(join(folder, 'made'))
    const asked = Object.entries(lines).filter(([one]) => one.includes(only))
    if (asked.some(([, line]) => line.includes('$s'))) await writeSlices(places.$i, places.$s)
    for (const [name, line] of asked) {
      const rounds = Array.from({ length: runs }, () => builds.map((build) => measure(build, line)))
      const told = builds.map((_, b) => {
        const all = rounds.map((round) => round[b]!)
        return { seconds: median(all.map((m) => m.seconds)), mebibytes: median(all.map((m) => m.mebibytes)) }
      })
      const [ours, other] = told
      const beside =
        other === undefined
          ? ''
          : `   the other ${text(other)}   ${(ours!.seconds / other.seconds).toFixed(2)}`
      console.log(
        `${name.padEnd(34)}${text(ours!)}   ${(written(line.includes('$v') ? join(folder, 'made') : places.$o) / 2 ** 20).toFixed(1)} MiB written${beside}`,
      )
    }
    if (!memory) return
    for (const megapixels of [3, 12, 53, 200]) {
      await writePicture(places.$i, megapixels)
      const cells = drawn.map((name) => {
        // four outputs of 200 megapixels are more samples than convo accepts
        if (megapixels > 53 && name.startsWith('transposed')) return `${name} refused`
        return `${name} ${measure(builds[0]!, lines[name]!).mebibytes.toFixed(0)}`
      })
      console.log(`${megapixels} megapixels, MiB: ${cells.join(', ')}`)
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Returns the size in bytes of a file, or of all files in a folder. */
const written = (at: string): number =>
  statSync(at).isFile()
    ? statSync(at).size
    : readdirSync(at).reduce((sum, name) => sum + statSync(join(at, name)).size, 0)

/** Writes slices of a photograph, each a little further on than the one before. */
async function writeSlices(photo: string, folder: string): Promise<void> {
  mkdirSync(folder)
  for (let z = 0; z < 200; z++) {
    await sharp(photo)
      .extract({ left: 700 + 3 * z, top: 500 + 2 * z, width: 512, height: 512 })
      .grayscale()
      .png()
      .toFile(join(folder, `${String(z).padStart(3, '0')}.png`))
  }
}

const text = ({ seconds, mebibytes }: Measured): string =>
  `${seconds.toFixed(2).padStart(6)} s ${mebibytes.toFixed(0).padStart(6)} MiB`

const median = (list: readonly number[]): number => [...list].sort((a, b) => a - b)[list.length >> 1]!

/** Writes a photograph of about the given number of megapixels. */
async function writePicture(output: string, megapixels: number): Promise<void> {
  const height = Math.round(Math.sqrt((megapixels * 1e6) / 1.5))
  const photo = existsSync(shared) ? shared : path('../../samples/scene.png')
  await sharp(photo, { limitInputPixels: false })
    .removeAlpha()
    .resize(Math.round(height * 1.5), height, { fit: 'fill' })
    .png({ compressionLevel: 2 })
    .toFile(output)
}
