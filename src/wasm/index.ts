// The WASM entry: every exported loop. Raw addresses into one imported, shared memory; no runtime, no allocation.
export * from './stencil'
