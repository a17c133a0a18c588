/** The token of the rates, by currency. */
export const RATES = Symbol('RATES');
