import fc from 'fast-check'

/**
 * fast-check with the same random cases in every run, so that a suite that passed passes again. `CONVO_SEED=<number>`
 * selects others: running with new seeds finds cases that this one does not reach.
 */
fc.configureGlobal({ seed: Number(process.env.CONVO_SEED ?? 1) })

export default fc
