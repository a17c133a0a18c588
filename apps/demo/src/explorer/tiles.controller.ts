import {
  Controller,
  Get,
  Header,
  Param,
  Query,
  StreamableFile,
  UseInterceptors,
} from '@nestjs/common';
import { AsyncerMpService, CancelOnDisconnectInterceptor } from 'nestjs-asyncermp';
import { Workplace } from '../workplace/workplace.js';
import { MandelbrotRenderer } from './mandelbrot.renderer.js';
import {
  tilePositionSchema,
  tileQuerySchema,
  type TilePosition,
  type TileQuery,
} from './tile.schema.js';
import { TileTasks } from './tile.tasks.js';

@Controller('tiles')
export class TilesController {
  #requests = 0;
  readonly #mp: AsyncerMpService;
  readonly #renderer: MandelbrotRenderer;
  readonly #workplace: Workplace;

  constructor(mp: AsyncerMpService, renderer: MandelbrotRenderer, workplace: Workplace) {
    this.#mp = mp;
    this.#renderer = renderer;
    this.#workplace = workplace;
  }

  /**
   * The pixels of a tile, 256 by 256 in RGBA. The interceptor cancels the task when the client
   * disconnects.
   */
  @Get(':z/:x/:y')
  @UseInterceptors(CancelOnDisconnectInterceptor)
  @Header('Cache-Control', 'no-store')
  // The page requests tiles under several names of this server: see tile-hosts.js.
  @Header('Access-Control-Allow-Origin', '*')
  async tile(
    @Param({ schema: tilePositionSchema }) position: TilePosition,
    @Query({ schema: tileQuerySchema }) { iterations, distance }: TileQuery,
  ): Promise<StreamableFile> {
    const { z, x, y } = position;
    const tile = { ...position, iterations };
    // Numbered, since the same tile can be requested again while its last task is still stopping.
    const uid = `tile ${z}/${x}/${y} #${++this.#requests}`;
    const pixels = await this.#workplace.run(
      () => this.#mp.run(TileTasks, 'render', [tile], { uid, priority: -distance }),
      async () => this.#renderer.render(tile),
    );
    return new StreamableFile(pixels, { length: pixels.byteLength });
  }
}
