import { ConfigurationError, Sendable, sendable } from 'nestjs-asyncermp';
import { describe, expect, it } from 'vitest';

describe('@Sendable()', () => {
  it('refuses two classes with one name', () => {
    class One {}
    class Two {}
    sendable(One, { name: 'the same' });
    expect(() => sendable(Two, { name: 'the same' })).toThrow(ConfigurationError);
    expect(() => sendable(Two, { name: 'the same' })).toThrow(/Two sendable classes .* One .* Two/);
  });

  it('accepts a class of a file that is loaded again', () => {
    const load = () => {
      class Again {}
      Sendable()(Again);
    };
    // One line, as in a file that is loaded twice.
    for (let i = 0; i < 2; i++) {
      load();
    }
  });

  it('refuses a class without a name, an unknown option and what is no class', () => {
    expect(() => sendable(class {})).toThrow(/without a name/);
    class Known {}
    expect(() => sendable(Known, { form: () => new Known() } as object)).toThrow(
      /Did you mean from/,
    );
    expect(() => sendable('Known' as never)).toThrow(/takes a class/);
  });
});
