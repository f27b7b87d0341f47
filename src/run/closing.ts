/** Functions that end threads outside the pools. */
const closers = new Set<() => Promise<void>>()

/** Registers `close`, to be called when the threads of this process are to end. */
export const closeWithPools = (close: () => Promise<void>): unknown => closers.add(close)

/** Ends the threads outside the pools. */
export const closeOthers = async (): Promise<void> =>
  void (await Promise.all([...closers].map((close) => close())))
