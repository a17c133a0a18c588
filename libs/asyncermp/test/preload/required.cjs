globalThis.isRequired = true;
