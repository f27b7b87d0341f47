import { existsSync } from 'node:fs'
import { basename, dirname, extname, join, resolve as resolvePath } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ConvoError, nearest, recoded } from '../error.ts'
import { packageFile } from '../files/package.ts'
import { readFileWhole, readWhole } from '../files/read.ts'
import { namesIn } from '../files/root.ts'
import { type Params, resolve } from '../params.ts'
import { mostWeights } from './formats/binary.ts'
import { formatOf, formats, readKernels } from './formats/index.ts'
import { readNpy } from './formats/npy.ts'
import { readSafetensors } from './formats/safetensors.ts'
import { inlineKernels, isInline } from './inline.ts'
import { isLevel, type Kernel, showShape } from './kernel.ts'

/** Kernels by name. Each is built from its settings. */
export type KernelNames = Readonly<
  Record<string, { readonly summary: string; readonly params: Params; build(values: never): Kernel }>
>

/** Where a source is looked up. */
export type SourceOptions = {
  /** The kernels that can be selected by name. */
  readonly names?: KernelNames
  /** The folder of relative paths; by default the current one. */
  readonly cwd?: string
}

/**
 * Loads the one kernel of a source: a kernel itself, or the first of these that it matches:
 *
 * 1. `-`: a file on standard input, whose format is found from its content; `-#kernel` picks one of several;
 * 2. text with the extension of a kernel file, such as `edge.mat` or `net.safetensors#conv1.weight`: a file;
 * 3. text that begins with a number or a bracket: rows `-1 0 1; -2 0 2; -1 0 1`, nested lists `[[1,2],[3,4]]` of rank 2
 *    to 5 or any convo JSON, an ImageMagick string `3x3: 1,2,…`, a G'MIC literal `(1,2;3,4)`, or the options of
 *    FFmpeg's filter. Numbers on one line are one row, but groups with commas are rows: `-1,0,1 -2,0,2 -1,0,1`.
 *    ImageMagick and G'MIC turn a kernel by 180° when they convolve, so it is turned here;
 * 4. a name from `names`, with settings: `gaussian:sigma=2,size=9`;
 * 5. any other file: `path` or `path#kernel`, which selects the kernel by its name or by its number counted from 1.
 *
 * Files that do not exist, and have no folder in their path, are searched for among convo's own kernels, with or
 * without extension. So a name hides a file of the same name, which can be given as `./name`.
 *
 * @throws ConvoError E_NAME, E_OPTION, E_KERNEL_FILE (also if there are several kernels), and the errors of the formats
 */
export async function loadKernel(source: string | Kernel, options: SourceOptions = {}): Promise<Kernel> {
  if (typeof source !== 'string') return source
  const kernels = await loadKernels(source, options)
  const [only] = kernels
  if (only !== undefined && kernels.length === 1) return only
  const names = kernels.map((k, i) => k.name ?? String(i + 1))
  throw new ConvoError('E_KERNEL_FILE', `${source} has ${kernels.length} kernels, but one is needed`, {
    why: kernels.map((k, i) => `${i + 1}: ${k.name ?? 'without a name'} ${showShape(k.shape)}`),
    ...(isInline(source)
      ? { fix: 'only one of them' }
      : { instead: [source, `${source}#${names[0]}`] as const }),
  })
}

/** Loads all kernels of a source, found like in `loadKernel`. The file of a network still needs a `#tensor`. */
export async function loadKernels(
  source: string,
  { names = {}, cwd = process.cwd() }: SourceOptions = {},
): Promise<readonly Kernel[]> {
  const [head, fragment] = split(source)
  if (head === '-') return readKernels(await readBytes('-', 'standard input'), 'standard input', fragment)
  if (!isKernelFile(head)) {
    if (isInline(source)) return inlineKernels(source)
    const name = source.split(':', 1)[0]!
    if (Object.hasOwn(names, name)) return [named(source, name, names)]
  }
  const file = find(source, cwd) ?? findOwn(source)
  if (file === undefined) throw unknown(source, names, cwd)
  return readKernels(await readBytes(file.path, file.shown), file.shown, file.fragment)
}

/**
 * Loads the numbers in a file, whatever their shape, such as a bias for each channel. The file is .npy, .csv or any
 * kernel format that keeps the order. `net.safetensors#conv1.bias` is a tensor.
 *
 * @throws ConvoError E_KERNEL_FILE, E_KERNEL_FORMAT, E_KERNEL_VALUE, and the errors of the formats
 */
export async function loadNumbers(source: string, cwd = process.cwd()): Promise<readonly number[]> {
  const file = find(source, cwd)
  if (file === undefined) throw missing(split(source)[0], cwd)
  const { shown, fragment } = file
  const bytes = await readBytes(file.path, shown)
  const numbers = [...numbersIn(bytes, shown, fragment)]
  const bad = numbers.findIndex((n) => !isLevel(n))
  if (bad < 0) return numbers
  throw new ConvoError('E_KERNEL_VALUE', `${shown} must hold finite numbers, got ${numbers[bad]}`, {
    why: `number ${bad + 1} of ${numbers.length}`,
  })
}

function numbersIn(
  bytes: Uint8Array,
  shown: string,
  fragment: string | undefined,
): ArrayLike<number> & Iterable<number> {
  const format = formatOf(shown, bytes)
  if (format === formats.npy) return readNpy(bytes, shown, mostWeights).data
  if (format === formats.safetensors) {
    const { names, tensor } = readSafetensors(bytes, shown)
    const [only] = names
    if (fragment !== undefined || (only !== undefined && names.length === 1))
      return tensor(fragment ?? only!).data
    const bias = names.find((name) => name.endsWith('bias')) ?? only
    throw new ConvoError('E_KERNEL_FILE', `${shown} has ${names.length} tensors, but one is needed`, {
      instead: [shown, bias && `${shown}#${bias}`],
    })
  }
  if (format.direction.turns) {
    throw new ConvoError('E_KERNEL_FORMAT', `${shown} is ${format.name}, which has no plain numbers`, {
      fix: 'a .npy, .csv or .txt file',
    })
  }
  const kernels = readKernels(bytes, shown, fragment)
  if (kernels.length === 1) return kernels[0]!.weights
  const what = `${shown} has ${kernels.length} lists of numbers, but one is needed`
  throw new ConvoError('E_KERNEL_FILE', what, { fix: `${shown}#1` })
}

type Found = { readonly path: string; readonly shown: string; readonly fragment?: string | undefined }

/** Splits `path#fragment` at the first `#` that is not at the start. */
function split(source: string): readonly [path: string, fragment: string | undefined] {
  const at = source.indexOf('#', 1)
  return at === -1 ? [source, undefined] : [source.slice(0, at), source.slice(at + 1)]
}

/** Finds the file of a source, if it exists. A file with a `#` in its own name takes precedence. */
function find(source: string, cwd: string): Found | undefined {
  if (source === '' || source.includes('\0')) return undefined
  const [path, fragment] = split(source)
  if (existsSync(resolvePath(cwd, source))) return { path: resolvePath(cwd, source), shown: source }
  return existsSync(resolvePath(cwd, path))
    ? { path: resolvePath(cwd, path), shown: path, fragment }
    : undefined
}

const hasFolder = (source: string): boolean => /[\\/]/.test(source)

function ownFolder(): string | undefined {
  const folder = packageFile('kernels/')
  return folder && fileURLToPath(folder)
}

const kernelsIn = (folder: string): readonly string[] => namesIn(folder).filter(isKernelFile)

/** The ready-made kernel files. */
export function readyMade(): readonly string[] {
  const folder = ownFolder()
  return folder === undefined ? [] : kernelsIn(folder)
}

/**
 * Describes the contents of a ready-made file: the sizes of its kernels, or the tensors of a network, and its format.
 */
export function readyMadeSummary(file: string): string {
  const bytes = readFileWhole(join(ownFolder() ?? '', file), { limit: 'kernelBytes' })
  const format = formatOf(file, bytes)
  if (format === formats.safetensors) {
    const { names } = readSafetensors(bytes, file)
    return `${names.map((name) => `#${name}`).join(' ')}, ${format.name}`
  }
  const kernels = format.read(bytes, file)
  const [first] = kernels
  if (first === undefined || kernels.length > 1) return `${kernels.length} kernels, ${format.name}`
  return `${showShape(first.shape)}, ${format.name}${first.summary === undefined ? '' : `: ${first.summary}`}`
}

const isKernelFile = (file: string): boolean => {
  const extension = extname(file).toLowerCase()
  return extension === '.txt' || Object.values(formats).some((f) => f.extensions.includes(extension))
}

function findOwn(source: string): Found | undefined {
  const [path, fragment] = split(source)
  const folder = ownFolder()
  if (folder === undefined || hasFolder(path)) return undefined
  const file = readyMade().find((f) => f === path || basename(f, extname(f)) === path)
  return file === undefined ? undefined : { path: join(folder, file), shown: file, fragment }
}

/** Builds a kernel by its name, with the settings after the colon: `name:key=value,flag`. */
function named(source: string, name: string, names: KernelNames): Kernel {
  const entry = names[name]!
  // without a prototype, so that __proto__ is an ordinary key
  const given: Record<string, string> = Object.create(null)
  const parts = source === name ? [] : source.slice(name.length + 1).split(',')
  const meant = parts.filter((part) => part.trim() !== '')
  if (meant.length < parts.length) {
    throw new ConvoError('E_OPTION', `a setting is empty in "${source}"`, {
      instead: [source, [name, ...(meant.length > 0 ? [meant.join(',')] : [])].join(':')],
    })
  }
  for (const part of parts) {
    const [key = '', ...rest] = part.split('=').map((s) => s.trim())
    if (Object.hasOwn(given, key)) {
      const what = `${key} of ${name} is given twice, as ${given[key]} and ${rest.join('=')}`
      throw new ConvoError('E_OPTION', what)
    }
    const param = Object.hasOwn(entry.params, key) ? entry.params[key] : undefined
    if (rest.length === 0 && param !== undefined && param.isFlag !== true) {
      throw new ConvoError('E_OPTION', `${name}:${key} needs a value`, {
        instead: [source, source.replace(part, `${key}=${String(param.default ?? param.choices?.[0] ?? 1)}`)],
      })
    }
    given[key] = rest.length === 0 ? 'true' : rest.join('=')
  }
  return entry.build(resolve(entry.params, given, (key) => `${name}:${key}`) as never)
}

function unknown(source: string, names: KernelNames, cwd: string): ConvoError {
  const [path] = split(source)
  const word = source.split(':', 1)[0]!
  if (hasFolder(path) || isKernelFile(path)) return missing(path, cwd, !hasFolder(path))
  const own = readyMade().map((f) => basename(f, extname(f)))
  // a filter of several kernels, such as sobel: sobel-x is the first of them
  const part = Object.keys(names).find((name) => name.startsWith(`${word}-`))
  const guess = part ?? nearest(word, [...Object.keys(names), ...own, ...kernelsIn(cwd)])
  return new ConvoError('E_NAME', `there is no kernel "${word}"`, {
    why: 'a kernel is a name, a file, or numbers such as "-1 0 1; -2 0 2; -1 0 1"',
    ...(guess === undefined ? { fix: 'convo list kernels' } : { instead: [source, guess] as const }),
  })
}

/** The error for a file that does not exist. `tried` means that it was also searched for among the kernels of convo. */
function missing(path: string, cwd: string, tried = false): ConvoError {
  const folder = dirname(path)
  const guess = nearest(basename(path), kernelsIn(resolvePath(cwd, folder)))
  const own = tried ? nearest(path, readyMade()) : undefined
  const fix =
    guess === undefined ? own : folder === '.' && !path.startsWith('.') ? guess : join(folder, guess)
  return new ConvoError('E_KERNEL_FILE', `there is no file ${path}`, {
    why: `looked in ${resolvePath(cwd, folder)}${tried ? ' and in the kernels folder of convo' : ''}`,
    ...(fix === undefined ? { fix: 'convo list kernels' } : { instead: [path, fix] as const }),
  })
}

/** Reads a whole file or standard input, with errors for kernels. @throws ConvoError E_KERNEL_FILE */
async function readBytes(path: string, name: string): Promise<Uint8Array> {
  try {
    return await readWhole(path, { limit: 'kernelBytes', what: 'a kernel', name })
  } catch (cause) {
    throw recoded(cause, 'E_KERNEL_FILE')
  }
}
