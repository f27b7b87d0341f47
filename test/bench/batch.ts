// Benchmark with many small pictures: `convo batch` against loops over other programs, and its memory.
//   npx tsx test/bench/batch.ts [--pictures 2000] [--blocks 10] [--photo photo.png]
// Pictures of 256x192 are cut from the photo. In each block all programs process the same pictures, in turn, so that a
// slow machine affects all of them equally. Programs that are not installed are skipped. The README quotes the ratios:
// the time of convo divided by the time of the other program, for all pictures. After that it measures the peak memory
// of all processes together, for a tenth of the pictures and for all, each in one run.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { decode } from '../../src/image/decode.ts'
import { viewSamples } from '../../src/image/flatten.ts'
import { compressionSettings } from '../../src/image/png.ts'
import { encodePngWhole } from '../../src/image/png-whole.ts'

const path = (name: string) => fileURLToPath(new URL(name, import.meta.url))
const shared = path('../../../shared/photos/m12.png')
const launcher = path('../../bin/convo.js')

const { values } = parseArgs({
  options: {
    pictures: { type: 'string', default: '2000' },
    blocks: { type: 'string', default: '10' },
    photo: { type: 'string', default: existsSync(shared) ? shared : path('../../samples/scene.png') },
  },
})
const [pictures, blocks] = [Number(values.pictures), Number(values.blocks)]
const cores = availableParallelism()

/** The programs to compare: a shell line from the folder "$1" to the folder "$2". */
const programs: readonly { readonly name: string; readonly needs: string; readonly line: string }[] = [
  {
    name: 'convo batch',
    needs: 'node',
    line: `'${process.execPath}' '${launcher}' batch "$1" -o "$2/{stem}.png" --quiet -- sobel`,
  },
  {
    name: 'loop over vips',
    needs: 'vips',
    line: 'cd "$1"; for f in *.png; do vips sobel "$f" "$2/$f"; done',
  },
  {
    name: `parallel -j ${cores} over vips`,
    needs: 'parallel',
    line: `ls "$1" | VIPS_CONCURRENCY=1 parallel -j ${cores} vips sobel "$1/{}" "$2/{}"`,
  },
  {
    name: 'loop over convert',
    // Debian's name first: `convert` may be from GraphicsMagick, or a substitute
    needs: 'convert-im6 || command -v convert',
    line: 'c=$(command -v convert-im6 || command -v convert); cd "$1"; for f in *.png; do $c "$f" -morphology Convolve Sobel "$2/$f"; done',
  },
  {
    name: 'mogrify',
    needs: 'mogrify',
    line: 'mogrify -path "$2" -morphology Convolve Sobel "$1"/*.png',
  },
]

const folder = mkdtempSync(join(tmpdir(), 'convo-bench-'))
try {
  await cut()
  await race()
  for (const count of [Math.ceil(pictures / 10), pictures]) await weigh(count)
} finally {
  rmSync(folder, { recursive: true, force: true })
}

/** Cuts the pictures from different positions, into a folder for each block. */
async function cut(): Promise<void> {
  const photo = await decode(values.photo, { maxPixels: 1e9, orient: true })
  const [width, height] = [Math.min(256, photo.width), Math.min(192, photo.height)]
  const size = photo.channels * (photo.depth / 8)
  const bytes = new Uint8Array(photo.data.buffer, photo.data.byteOffset, photo.data.byteLength)
  for (let block = 0; block < blocks; block++) mkdirSync(join(folder, `in${block}`))
  mkdirSync(join(folder, 'all'))
  for (let i = 0; i < pictures; i++) {
    const left = (i * 997) % (photo.width - width + 1)
    const top = (i * 1409) % (photo.height - height + 1)
    const data = new Uint8Array(width * height * size)
    for (let y = 0; y < height; y++) {
      const from = ((top + y) * photo.width + left) * size
      data.set(bytes.subarray(from, from + width * size), y * width * size)
    }
    const { channels, depth, meta } = photo
    const piece = { width, height, channels, depth, meta, data: viewSamples(data, depth) }
    const png = encodePngWhole(piece, compressionSettings(undefined))
    const name = `p${String(i).padStart(5, '0')}.png`
    writeFileSync(join(folder, `in${Math.floor((i * blocks) / pictures)}`, name), png)
    writeFileSync(join(folder, 'all', name), png)
  }
}

async function race(): Promise<void> {
  const there = programs.filter(({ needs }) => spawnSync('sh', ['-c', `command -v ${needs}`]).status === 0)
  const times = new Map<string, number[]>()
  for (let block = 0; block < blocks; block++) {
    for (const { name, line } of [
      ...there.slice(block % there.length),
      ...there.slice(0, block % there.length),
    ]) {
      const output = join(folder, 'out')
      rmSync(output, { recursive: true, force: true })
      mkdirSync(output)
      const before = performance.now()
      const input = join(folder, `in${block}`)
      await ended(spawn('sh', ['-c', line, 'sh', input, output], { stdio: ['ignore', 'ignore', 'ignore'] }))
      times.set(name, [...(times.get(name) ?? []), performance.now() - before])
      const made = readdirSync(output).filter((file) => file.endsWith('.png')).length
      if (made !== readdirSync(input).length) throw new Error(`${name} made ${made} pictures`)
    }
  }
  const own = times.get('convo batch')!
  const sum = (list: readonly number[]) => list.reduce((a, b) => a + b, 0)
  console.log(`${pictures} pictures in ${blocks} blocks, sobel, ${cores} cores:`)
  for (const [name, list] of times) {
    const each = list.map((time, i) => own[i]! / time).sort((a, b) => a - b)
    const range = `${each[0]!.toFixed(3)} to ${each.at(-1)!.toFixed(3)}`
    const total = `${(sum(list) / 1000).toFixed(1)} s`
    console.log(
      `${name.padEnd(24)} ${total.padStart(8)}   convo takes ${(sum(own) / sum(list)).toFixed(3)} (blocks: ${range})`,
    )
  }
}

/** Runs a batch on the first pictures and prints the peak memory of its processes together. */
async function weigh(count: number): Promise<void> {
  const list = readdirSync(join(folder, 'all')).sort().slice(0, count)
  const output = join(folder, 'weighed')
  rmSync(output, { recursive: true, force: true })
  writeFileSync(join(folder, 'list'), list.map((name) => `${join(folder, 'all', name)}\n`).join(''))
  const words = ['--files-from', join(folder, 'list'), '-o', join(output, '{stem}.png'), '--quiet']
  const child = spawn(process.execPath, [launcher, 'batch', ...words, '--', 'sobel'], { stdio: 'ignore' })
  let most = 0
  const timer = setInterval(() => {
    most = Math.max(most, residentOf(child.pid!))
  }, 20)
  await ended(child)
  clearInterval(timer)
  console.log(`${count} pictures: ${(most / 1024).toFixed(0)} MiB resident at most, all processes together`)
}

/** Returns the resident memory of a process and its children in KiB. Shared pages count for each of them. */
function residentOf(pid: number): number {
  const stats = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => textOf(`/proc/${name}/stat`))
  const ofTree = stats.filter((text) => {
    const parent = Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[1])
    return parent === pid || Number.parseInt(text, 10) === pid
  })
  return ofTree.reduce((sum, text) => {
    const status = textOf(`/proc/${Number.parseInt(text, 10)}/status`)
    return sum + Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0)
  }, 0)
}

/** Returns the text of a file, or nothing if its process has ended. */
function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

function ended(child: ChildProcess): Promise<void> {
  return new Promise((done, failed) => {
    child.on('error', failed)
    child.on('exit', (status) => (status === 0 ? done() : failed(new Error(`ended with ${status}`))))
  })
}
