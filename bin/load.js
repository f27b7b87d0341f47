const { readFileSync } = require('node:fs')
const { createRequire, enableCompileCache } = require('node:module')
const { dirname } = require('node:path')
const { Script } = require('node:vm')

/**
 * Loads a bundle in CommonJS. Compiling it takes a fifth of a run on a small picture, so that is kept: by Node itself from
 * 22.1 on, and before that by the build, beside the bundle. V8 takes what it made itself, with the same flags, and
 * compiles the source otherwise.
 *
 * @param {string} path
 */
exports.load = (path) => {
  if (enableCompileCache !== undefined) {
    enableCompileCache()
    return require(path)
  }
  return run(path, scriptOf(path, compiled(path)))
}

/**
 * What V8 has compiled of a bundle once `use` has been awaited: the functions that ran are in it.
 *
 * @param {string} path
 * @param {(exports: unknown) => Promise<unknown>} use
 * @returns {Promise<Buffer>}
 */
exports.compile = async (path, use) => {
  const script = scriptOf(path)
  await use(run(path, script))
  return script.createCachedData()
}

exports.scriptOf = scriptOf

/** Where the compiled code of a bundle lies. */
exports.compiledPath = (path) => `${path}.v8`

/** The bundle as a script; what was compiled of it is taken or passed over, which the script tells. */
function scriptOf(path, cachedData) {
  const source = readFileSync(path, 'latin1')
  return new Script(`(function (exports, require, module, __filename, __dirname) {${source}\n})`, {
    filename: path,
    cachedData,
  })
}

function run(path, script) {
  const module = { exports: {} }
  script.runInThisContext()(module.exports, createRequire(path), module, path, dirname(path))
  return module.exports
}

function compiled(path) {
  try {
    return readFileSync(exports.compiledPath(path))
  } catch {
    return undefined
  }
}
