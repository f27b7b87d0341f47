// The part of the WebAssembly interface that convo uses. The types of Node 20 lack it, and the DOM library, which has
// it, would let the code use windows and documents.
declare namespace WebAssembly {
  interface MemoryDescriptor {
    initial: number
    maximum?: number
    shared?: boolean
  }

  class Memory {
    constructor(descriptor: MemoryDescriptor)
    readonly buffer: SharedArrayBuffer
    grow(pages: number): number
  }

  class Module {
    constructor(bytes: Uint8Array)
    static exports(module: Module): readonly { readonly name: string; readonly kind: string }[]
  }

  class Instance {
    constructor(module: Module, imports: Record<string, Record<string, unknown>>)
    readonly exports: unknown
  }
}
