/** Whether what takes long runs, too (`npm run test:full`). */
export const isFull = process.env.LBSCOPE_TEST_FULL === '1';

/** `test.skip(...onlyFull)`: `npm test` has eight minutes on two cores. */
export const onlyFull = [!isFull, 'with LBSCOPE_TEST_FULL=1'] as const;
