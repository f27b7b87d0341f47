/** What ends threads that are not of a pool. */
const closers = new Set<() => Promise<void>>()

/** Has `close` called when the threads of this process are to end. */
export const closeWithPools = (close: () => Promise<void>): unknown => closers.add(close)

/** Ends the threads that are not of a pool. */
export const closeOthers = async (): Promise<void> =>
  void (await Promise.all([...closers].map((close) => close())))
