import { Module } from '@nestjs/common';
import { WorkplaceModule } from '../workplace/workplace.module.js';
import { PictureInspector } from './picture.inspector.js';
import { PictureShelf } from './picture.shelf.js';
import { PictureStudio } from './picture.studio.js';
import { PictureTasks } from './picture.tasks.js';
import { PicturesController } from './pictures.controller.js';
import { PicturesService } from './pictures.service.js';
import { WebpDecoder } from './webp.decoder.js';

@Module({
  imports: [WorkplaceModule],
  controllers: [PicturesController],
  providers: [
    PictureInspector,
    WebpDecoder,
    PictureStudio,
    PictureTasks,
    PictureShelf,
    PicturesService,
  ],
  exports: [PictureShelf],
})
export class WorkbenchModule {}
