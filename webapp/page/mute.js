// What a mute that is in force means, in a sentence.
import {el} from './dom.js';
import {time} from './format.js';

const MEANINGS = {notify: 'No message is sent', open: 'Nothing opens, and no message is sent',
  learn: 'Nothing opens or is learnt, and no message is sent'};

export const muteInWords = ({name, what, until}) => [MEANINGS[what] ?? 'Muted',
  until === null ? ' as long as the mute ' : [' until ', time(until), ': the mute '],
  el('a', {href: '#alerts='}, name), until === null ? ' stands.' : ' holds.'];
