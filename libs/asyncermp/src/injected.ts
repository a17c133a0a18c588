import type { Abstract, InjectionToken, OptionalFactoryDependency, Type } from '@nestjs/common';

/** What stands in `inject`: a token, or one that may be missing. */
export type Dependency = InjectionToken | OptionalFactoryDependency;

/** What a factory is given for its `inject`: instances for classes, and for other tokens what it expects. */
export type InjectedFor<I extends Dependency[]> = {
  -readonly [N in keyof I]: I[N] extends { readonly token: infer T; readonly optional: boolean }
    ? InstanceFor<T> | undefined
    : InstanceFor<I[N]>;
};

// oxlint-disable-next-line typescript/no-explicit-any -- a string or a symbol does not tell what it stands for
type InstanceFor<T> = T extends Type<infer C> | Abstract<infer C> ? C : any;
