import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import decode, { init } from '@jsquash/webp/decode.js';

const CODEC = fileURLToPath(import.meta.resolve('@jsquash/webp/codec/dec/webp_dec.wasm'));

/** Node has it; its types leave it to those of browsers. */
declare const WebAssembly: { compile(bytes: Uint8Array): Promise<object> };

/** Takes the compiled module, too, which the codec's types leave out. */
const initWith = init as (module: object) => Promise<void>;

/** Unpacked pixels, in RGBA. */
export interface Bitmap {
  readonly width: number;
  readonly height: number;
  readonly data: Buffer;
}

/** WebP, which Jimp does not know. The codec is read once per worker. */
@Injectable()
export class WebpDecoder implements OnModuleInit {
  async onModuleInit(): Promise<void> {
    // By itself it would fetch() the file, and Node's fetch() reads no files.
    await initWith(await WebAssembly.compile(await readFile(CODEC)));
  }

  async decode(bytes: Uint8Array<ArrayBuffer>): Promise<Bitmap> {
    // Any view does, though the types ask for an ArrayBuffer.
    const { width, height, data } = await decode(bytes as unknown as ArrayBuffer);
    return { width, height, data: Buffer.from(data.buffer, data.byteOffset, data.byteLength) };
  }
}
