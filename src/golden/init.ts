import { existsSync, readdirSync } from 'node:fs'
import { basename, dirname, extname, join, relative } from 'node:path'
import { ConvoError } from '../error.ts'
import { writeWhole } from '../files/change.ts'
import { escapePath } from '../files/glob.ts'
import { isFolder } from '../files/root.ts'
import { findInputs } from '../picture/find.ts'
import { counted } from '../text/count.ts'
import { commandLine } from '../text/shell.ts'
import { budgetOf, estimate } from './budget.ts'
import { loadPages, readBytes } from './files.ts'
import { entryFor, type LockEntry, lockName, manifestFrom, readLock, writeLock } from './lock.ts'
import { folded, nameProblem } from './names.ts'

type Layout = {
  readonly tool: string
  /** Returns the folder of the goldens, relative to `folder`; undefined if the tool has none there. */
  find(folder: string): { readonly goldens: string; readonly isGolden: (path: string) => boolean } | undefined
  /** The folder of the pictures to compare. */
  readonly actual: string
  /** How to get them there, one line per step. */
  readonly how: readonly string[]
}

const anyPicture = (): boolean => true
const inFolder = (pattern: RegExp) => (path: string) => pattern.test(basename(dirname(path)))

/** The known layouts. The first one found is used. */
const layouts: readonly Layout[] = [
  {
    tool: 'reg-cli',
    find: (folder) => {
      const goldens = ['.reg/expected', 'expected'].find((name) => isFolder(join(folder, name)))
      return goldens === undefined ? undefined : { goldens, isGolden: anyPicture }
    },
    actual: 'actual',
    how: ['the pictures of reg-cli: its folder of actual images'],
  },
  {
    tool: 'Playwright',
    find: (folder) => parentOf(folder, /-snapshots$/),
    actual: 'shots',
    how: [
      "in the configuration of Playwright: snapshotDir: process.env.SHOTS ?? './GOLDENS'",
      'before each check: SHOTS=ACTUAL npx playwright test --update-snapshots=all',
    ],
  },
  {
    tool: 'jest-image-snapshot',
    find: (folder) => parentOf(folder, /^__image_snapshots__$/),
    actual: 'shots',
    how: [
      "in each test: toMatchImageSnapshot({ customSnapshotsDir: process.env.SHOTS && require('path').join(process.env.SHOTS, require('path').relative('GOLDENS', __dirname), '__image_snapshots__') })",
      'before each check: SHOTS=ACTUAL npx jest --updateSnapshot',
    ],
  },
]

const plain: Layout = {
  tool: 'a folder of pictures',
  find: () => ({ goldens: '.', isGolden: anyPicture }),
  actual: 'actual',
  how: [
    'before each check: write the new pictures below ACTUAL, with the paths that they have below GOLDENS',
  ],
}

/** Returns the lowest folder that contains all folders of a name. */
function parentOf(folder: string, name: RegExp): ReturnType<Layout['find']> {
  const found = foldersBelow(folder, '', name)
  const [first, ...rest] = found.map((one) => (dirname(one) === '.' ? [] : dirname(one).split('/')))
  if (first === undefined) return undefined
  const length = rest.reduce(
    (most, parts) => Math.min(most, parts.findIndex((part, i) => part !== first[i]) >>> 0, parts.length),
    first.length,
  )
  return { goldens: first.slice(0, length).join('/') || '.', isGolden: inFolder(name) }
}

const foldersBelow = (top: string, rel: string, name: RegExp): string[] =>
  readdirSync(join(top, rel), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name !== 'node_modules' && !entry.name.startsWith('.'))
    .flatMap((entry) => {
      const path = rel === '' ? entry.name : `${rel}/${entry.name}`
      return name.test(entry.name) ? [path] : foldersBelow(top, path, name)
    })

/** What `check init` did, and what to do next. */
type Adopted = Awaited<ReturnType<typeof adoptGoldens>>

/**
 * Writes a manifest for goldens that another tool made, and a lock in which they are approved.
 *
 * @param folder the folder of the goldens, or one above it
 * @param given folder of the pictures to compare, relative to the folder of the manifest
 * @throws ConvoError E_USAGE if there are no goldens, or a manifest or lock already exists; E_INPUT or E_DECODE for a
 *   golden that cannot be read; E_NAME for one whose name cannot be used
 */
export async function adoptGoldens(folder: string, given: string | undefined) {
  const manifest = join(folder, 'convo.check.yaml')
  if (!isFolder(folder)) {
    throw new ConvoError('E_USAGE', `${folder} is not a folder`, { fix: 'convo check init' })
  }
  if (existsSync(manifest)) {
    throw new ConvoError('E_USAGE', `${manifest} already exists`, {
      fix: commandLine(['convo', 'check', manifest]),
    })
  }
  const layout = layouts.find((one) => one.find(folder) !== undefined) ?? plain
  const { goldens, isGolden } = layout.find(folder)!
  const root = join(folder, goldens)
  const actual = given ?? (goldens === '.reg/expected' ? '.reg/actual' : layout.actual)
  const found = await findInputs({
    words: [root],
    recursive: true,
    isNull: false,
    without: join(folder, actual),
  })
  const isOwn = (path: string) => !/(^|[\\/])node_modules[\\/]/.test(path)
  const files = found.inputs.map(({ path }) => path).filter((path) => isOwn(path) && isGolden(path))
  if (files.length === 0) {
    throw new ConvoError('E_USAGE', `there are no goldens in ${folder}`, {
      why: `looked for ${layouts.map(({ tool }) => tool).join(', ')}, and for pictures`,
      fix: 'the folder that contains them',
    })
  }
  const lock = readLock(root)
  if (lock.size > 0) {
    const what = `${join(root, lockName)} already exists: these goldens already belong to convo`
    throw new ConvoError('E_USAGE', what, {
      fix: commandLine(['convo', 'check', join(root, [...lock.values()][0]!.manifest ?? manifest)]),
    })
  }
  await writeLock(root, new Map(await entriesOf(root, files, manifestFrom(root, manifest))))
  // tests have other pictures beside them, now or later
  const isMixed = isGolden !== anyPicture
  await writeWhole(manifest, manifestText(layout, files, { goldens, actual, isMixed }))
  // paths in the files of a tool are relative to its project
  const isFromHere = layout === plain
  const at = (path: string) => (isFromHere ? join(folder, path) : path)
  const filled = (line: string) => line.replaceAll('GOLDENS', at(goldens)).replaceAll('ACTUAL', at(actual))
  const isHere = relative('', folder) === ''
  return {
    manifest,
    tool: layout.tool,
    goldens: root,
    adopted: files.length,
    actual: join(folder, actual),
    next: [
      ...(isHere || isFromHere ? [] : [`in ${folder}:`]),
      ...layout.how.map(filled),
      `then: ${commandLine(['convo', 'check', ...(isHere ? [] : [manifest])])}`,
    ],
  }
}

async function entriesOf(root: string, files: readonly string[], manifest: string) {
  const budget = budgetOf()
  const entries = await Promise.all(
    files.map((path) =>
      budget.within(estimate(path), async (): Promise<[string, LockEntry]> => {
        const file = relative(root, path).replaceAll('\\', '/')
        const name = file.replace(/\.[^./]*$/, '')
        const problem = nameProblem(name)
        if (problem !== undefined) {
          throw new ConvoError('E_NAME', `${path} cannot be the golden of a case`, {
            why: `the name ${JSON.stringify(name)} ${problem}`,
            fix: 'another name for the file',
          })
        }
        const bytes = await readBytes(path)
        const pages = await loadPages(bytes, path).catch((error: unknown) => {
          if (!(error instanceof ConvoError) || error.code !== 'E_DECODE') throw error
          const { code, message, why, cause } = error
          const fix = `a complete copy of ${path}, or remove it; nothing was written`
          throw new ConvoError(code, message, { why, fix, cause })
        })
        return [name, await entryFor(file, bytes, pages, { tools: {}, manifest })]
      }),
    ),
  )
  const seen = new Map<string, string>()
  for (const [name, { file }] of entries) {
    const other = seen.get(folded(name))
    if (other !== undefined) {
      throw new ConvoError('E_NAME', `${other} and ${file} would be goldens of one case`, {
        why: `both are called ${name}`,
        fix: 'another name for one of the files',
      })
    }
    seen.set(folded(name), file)
  }
  return entries
}

function manifestText(
  { tool }: Layout,
  files: readonly string[],
  { goldens, actual, isMixed }: { goldens: string; actual: string; isMixed: boolean },
): string {
  const extensions = [...new Set(files.map((path) => extname(path).slice(1)))].sort()
  const [only, ...others] = extensions
  const kinds = others.length === 0 ? only : `{${extensions.join(',')}}`
  return [
    '# yaml-language-server: $schema=node_modules/convo/dist/check.schema.json',
    `# Goldens of ${tool}, adopted by convo check init.`,
    `goldens: ${JSON.stringify(goldens)}`,
    ...(isMixed
      ? [
          '# other pictures in the folder, and goldens of other platforms, are not errors',
          'allow: [obsolete]',
        ]
      : []),
    'cases:',
    "  - name: '{rel}/{stem}'",
    `    actual: ${JSON.stringify(`${escapePath(actual)}/**/*.${kinds}`)}`,
    '',
  ].join('\n')
}

/** Describes what was done and what to do next, as lines. */
export function adoptedText({ manifest, tool, adopted, goldens, next }: Adopted): string {
  const lines = [
    `${counted(adopted, 'golden')} of ${tool} adopted in ${goldens}`,
    `${manifest} is the manifest`,
    ...next,
  ]
  return `${lines.join('\n')}\n`
}
