import { Injectable, type Type } from '@nestjs/common';

/** Twenty providers, as many as a larger service may inject. */
export const twenty: readonly Type[] = Array.from({ length: 20 }, (_, index) => {
  const name = `Provider${index + 1}Service`;
  const provider = { [name]: class {} }[name] as Type;
  Injectable()(provider);
  return provider;
});
