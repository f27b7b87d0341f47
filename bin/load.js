const { readFileSync } = require('node:fs')
const { createRequire, enableCompileCache } = require('node:module')
const { basename, dirname, join } = require('node:path')
const { Script } = require('node:vm')

/**
 * Loads the command line, whose parts in CommonJS load each other. Compiling them takes a fifth of a run on a small
 * picture, so that is kept: by Node itself from 22.1 on, and before that by the build, beside each part. V8 takes what it made
 * itself, with the same flags, and compiles the source otherwise.
 *
 * @param {string} path
 */
exports.load = (path) => {
  if (enableCompileCache !== undefined) {
    enableCompileCache()
    return require(path)
  }
  return part(path, (one) => scriptOf(one, compiled(one)), new Map())
}

/**
 * What V8 has compiled of a program once `use` has been awaited, by the names of its parts: the functions that ran are in it.
 *
 * @param {string} path
 * @param {(exports: unknown) => Promise<unknown>} use
 * @returns {Promise<Map<string, Buffer>>}
 */
exports.compile = async (path, use) => {
  const scripts = new Map()
  const script = (one) => {
    scripts.set(basename(one), scriptOf(one))
    return scripts.get(basename(one))
  }
  await use(part(path, script, new Map()))
  return new Map([...scripts].map(([name, one]) => [name, one.createCachedData()]))
}

exports.scriptOf = scriptOf

/** Where the compiled code of a part lies. */
exports.compiledPath = (path) => `${path}.v8`

/** A part as a script; what was compiled of it is taken or passed over, which the script tells. */
function scriptOf(path, cachedData) {
  const source = readFileSync(path, 'latin1')
  return new Script(`(function (exports, require, module, __filename, __dirname) {${source}\n})`, {
    filename: path,
    cachedData,
  })
}

/** The exports of a part; `loaded` has those that are there, by their paths. */
function part(path, script, loaded) {
  const known = loaded.get(path)
  if (known !== undefined) return known.exports
  const module = { exports: {} }
  loaded.set(path, module)
  const own = createRequire(path)
  const load = (name) => (name.startsWith('./') ? part(join(dirname(path), name), script, loaded) : own(name))
  script(path).runInThisContext()(module.exports, load, module, path, dirname(path))
  return module.exports
}

function compiled(path) {
  try {
    return readFileSync(exports.compiledPath(path))
  } catch {
    return undefined
  }
}
