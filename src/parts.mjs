// Splits the bundle of a program into several files, so that a run loads only those that it needs. Used by build.mjs.
import { join, relative } from 'node:path'

/**
 * The files of the command line, each with the modules that it starts from. Comparing equal files loads the first two,
 * a filter the first, `shared` and `run`. The last has what is only imported when it is needed: networks, batches,
 * drawings. Reading one file with everything would take 10 ms more.
 */
export const cliParts = (inputs) => ({
  cli: ['src/cli/main.ts'],
  'cli-compare': [
    ...inputs['src/cli/apart.ts'].imports.flatMap(({ kind, path }) =>
      kind === 'dynamic-import' ? [path] : [],
    ),
    'src/golden/compare.ts',
  ],
  'cli-shared': [],
  'cli-golden': ['src/golden/check.ts'],
  'cli-run': ['src/cli/any-line.ts', 'src/picture/process.ts'],
  'cli-kernel': ['src/picture/kernel-notes.ts', 'src/kernel/source.ts'],
  'cli-differ': ['src/golden/compare-files.ts'],
  'cli-more': [],
})

/** Parts that start so fast that modules they have in common with others are in the first file. */
const early = ['cli', 'cli-compare']

/**
 * Assigns each module to a part: the one whose roots need it at the start. Modules that several need are in the first
 * part if an early one is among them, and else in `cli-shared`; those that none needs at the start are in the last.
 *
 * @param {Record<string, { imports: { path: string, kind: string, external?: boolean }[] }>} inputs of the metafile of
 * one bundle with everything
 * @param {Record<string, readonly string[]>} plan the parts in order
 * @returns {Map<string, string>}
 */
export function partsOf(inputs, plan) {
  const names = Object.keys(plan)
  const needs = names.map((name) => reached(inputs, plan[name]))
  const partOf = (path) => {
    const users = names.filter((_, i) => needs[i].has(path))
    if (users.length > 1) return early.some((one) => users.includes(one)) ? 'cli' : 'cli-shared'
    return users[0] ?? names.at(-1)
  }
  return new Map(Object.keys(inputs).map((path) => [path, partOf(path)]))
}

/** Returns the modules that roots need at the start, including the roots. */
function reached(inputs, roots) {
  const seen = new Set()
  const waiting = [...roots]
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (seen.has(path) || inputs[path] === undefined) continue
    seen.add(path)
    for (const { path: to, kind, external } of inputs[path].imports)
      if (kind !== 'dynamic-import' && !external) waiting.push(to)
  }
  return seen
}

/** Returns the entry of a part: the modules that other parts use, each set up when it is first used. */
export function entryOf(root, inputs, parts, part) {
  const asked = Object.entries(inputs).flatMap(([from, { imports }]) =>
    imports.flatMap(({ path, external }) =>
      !external && parts.get(path) === part && parts.get(from) !== part ? [path] : [],
    ),
  )
  const lines = [...new Set(asked)]
    .sort()
    .map((path) => `  ${JSON.stringify(path)}: () => require(${JSON.stringify(join(root, path))}),`)
  return `exports.modules = {\n${lines.join('\n')}\n}\n`
}

/**
 * An esbuild plugin with which a part gets modules from other parts.
 *
 * @param {Map<string, readonly string[]>} names what each module exports
 */
export const otherParts = (root, parts, part, names) => ({
  name: 'other-parts',
  setup({ onResolve, onLoad, resolve }) {
    onResolve({ filter: /^[^:]*$/ }, async ({ path, pluginData, kind, importer, resolveDir, namespace }) => {
      if (pluginData === 'looked-up' || kind === 'entry-point' || namespace !== 'file') return undefined
      const found = await resolve(path, { kind, importer, resolveDir, pluginData: 'looked-up' })
      const owner = found.external ? part : (parts.get(relative(root, found.path)) ?? part)
      return owner === part ? undefined : { path: relative(root, found.path), namespace: 'other-part' }
    })
    onResolve({ filter: /^\.\/[\w-]+\.cjs$/, namespace: 'other-part' }, ({ path }) => ({
      path,
      external: true,
    }))
    onLoad({ filter: /.*/, namespace: 'other-part' }, ({ path }) => {
      const module = `require('./${parts.get(path)}.cjs').modules[${JSON.stringify(path)}]()`
      const exported = names.get(path) ?? []
      // separate constants: looking each up in the other part made a run of sobel 10 ms longer
      const lines = exported.map((name) =>
        name === 'default' ? 'export default m.default' : `export const ${name} = m.${name}`,
      )
      return {
        contents:
          exported.length === 0 ? `module.exports = ${module}` : `const m = ${module}\n${lines.join('\n')}`,
      }
    })
  },
})
