import {
  BadRequestException,
  Body,
  Controller,
  Delete,
  Get,
  HttpCode,
  HttpStatus,
  Injectable,
  Param,
  Post,
  StreamableFile,
  UploadedFile,
  UseFilters,
  UseGuards,
  UseInterceptors,
  type CanActivate,
} from '@nestjs/common';
import { FileInterceptor } from '@nestjs/platform-express';
import { LIMITS } from './limits.js';
import { pictureSettingsSchema, type PictureSettings } from './picture.settings.js';
import { PictureShelf, type PictureView } from './picture.shelf.js';
import { UploadErrorFilter } from './upload-error.filter.js';
import { PicturesService } from './pictures.service.js';

const MOST_NAME = 200;

/** The part of an uploaded file that is used here. */
interface UploadedPicture {
  readonly originalname: string;
  readonly buffer: Buffer;
}

/** Refuses a picture before its upload is read. */
@Injectable()
class RoomGuard implements CanActivate {
  readonly #shelf: PictureShelf;

  constructor(shelf: PictureShelf) {
    this.#shelf = shelf;
  }

  canActivate(): boolean {
    this.#shelf.checkRoom();
    return true;
  }
}

@Controller('pictures')
export class PicturesController {
  readonly #pictures: PicturesService;
  readonly #shelf: PictureShelf;

  constructor(pictures: PicturesService, shelf: PictureShelf) {
    this.#pictures = pictures;
    this.#shelf = shelf;
  }

  /** Takes a form with one file in `picture` and the settings. Does not wait for the result. */
  @Post()
  @HttpCode(HttpStatus.ACCEPTED)
  @UseGuards(RoomGuard)
  @UseFilters(UploadErrorFilter)
  @UseInterceptors(
    FileInterceptor('picture', {
      limits: { fileSize: LIMITS.bytes, files: 1, fields: 8, fieldSize: 100 },
      defParamCharset: 'utf8',
    }),
  )
  submit(
    @UploadedFile() file: UploadedPicture | undefined,
    @Body({ schema: pictureSettingsSchema }) settings: PictureSettings,
  ): PictureView {
    if (!file) {
      throw new BadRequestException('The form has no file in "picture"');
    }
    return this.#pictures.admit(file.originalname.slice(0, MOST_NAME), file.buffer, settings);
  }

  @Get(':id/:rendition')
  rendition(@Param('id') id: string, @Param('rendition') name: string): StreamableFile {
    const { bytes, type } = this.#shelf.rendition(id, name);
    return new StreamableFile(bytes, { type, length: bytes.byteLength });
  }

  @Delete(':id')
  @HttpCode(HttpStatus.NO_CONTENT)
  dismiss(@Param('id') id: string): void {
    this.#pictures.dismiss(id);
  }
}
