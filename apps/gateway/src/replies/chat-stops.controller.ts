import { Controller, Inject, Param, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { stopReceipt, type StopReceipt } from '@baton/contracts';
import { Caller, type CurrentUser } from '../auth/current-user.ts';
import { ApiRoute, CALL_ERRORS } from '../docs/api-route.ts';
import { idParams, type IdParams } from '../params.ts';
import { ReplyStops } from './reply-stops.service.ts';

@ApiTags('Chats')
@Controller('api/chats')
export class ChatStopsController {
  private readonly stops: ReplyStops;

  constructor(@Inject(ReplyStops) stops: ReplyStops) {
    this.stops = stops;
  }

  @Post(':id/cancel')
  @ApiRoute({
    id: 'chats_cancel',
    summary: 'Stop everything that is being made for a chat',
    description: 'The same as `POST /api/replies/cancel` with its `chat_id`.',
    access: 'user',
    answers: [{ status: 200, description: 'What was stopped', schema: stopReceipt }],
    errors: ['request.invalid', 'chat.not_found', ...CALL_ERRORS],
  })
  cancel(@Caller() caller: CurrentUser, @Param({ schema: idParams }) { id }: IdParams): Promise<StopReceipt> {
    return this.stops.stopAll(caller.id, id);
  }
}
