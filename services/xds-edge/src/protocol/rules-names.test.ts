// Rules 25 to 42: what a SotW request subscribes to, and what its answers hold.
import { describe } from 'vitest'
import { checkOf, sotw } from './testing/transcript-table.ts'

const check = checkOf(sotw)

describe('subscriptions, SotW', () => {
  check([
    [
      'rule 25: the list is complete each time',
      `= eds A1, eds B1, eds C1
       < eds A,B
       > eds A1 B1
       < eds ack B,C
       > eds C1
       = eds A2
       = eds B2
       < eds ack
       > eds B2`,
    ],
    [
      'rule 26: a name that comes back is sent again, unchanged',
      `= eds A1, eds B1
       < eds A,B
       > eds A1 B1
       < eds ack B
       < eds ack A,B
       > eds A1
       < eds ack`,
    ],
    [
      'rule 26: the same for whole types',
      `= cds A1, cds B1
       < cds A,B
       > cds A1 B1
       < cds ack B
       < cds ack A,B
       > cds A1 B1
       < cds ack`,
    ],
    [
      'rule 27: no names at all is everything',
      '= cds A1, cds B1\n< cds\n> cds A1 B1\n< cds ack\n= cds C1\n> cds A1 B1 C1',
    ],
    [
      'rule 27: once a name was seen, no names is nothing',
      '= lds A1, lds B1\n< lds A\n> lds A1\n< lds ack none\n= lds A2\n< lds ack none',
    ],
    [
      'rule 28: everything; everything and A; A; nothing',
      `= cds A1, cds B1
       < cds
       > cds A1 B1
       < cds ack *,A
       > cds A1 B1
       < cds ack A
       = cds B2
       = cds A2
       > cds A2
       < cds ack none
       = cds A3`,
    ],
    [
      'rule 29: names beside the wildcard are served',
      '= cds A1, cds B1\n< cds *,A\n> cds A1 B1\n< cds ack\n= cds A2\n> cds A2 B1',
    ],
    ['rule 30: no names is nothing for EDS', '= eds A1\n< eds\n= eds A2'],
    ['rule 30: no names is nothing for RDS and SDS', '= rds A1, sds A1\n< rds\n< sds\n= rds A2, sds A2'],
    ['rule 30: no names is everything for SRDS', '= srds A1\n< srds\n> srds A1'],
    ['rule 31: the wildcard is what the fleet has', '= cds A1\n< cds *\n> cds A1'],
    [
      'rule 32: nothing is pushed after unsubscribing from all',
      '= eds A1\n< eds A\n> eds A1\n< eds ack none\n= eds A2\n= eds A3',
    ],
    ['rule 33: empty names and names said twice are tolerated', '= eds A1\n< eds A,,A\n> eds A1'],
  ])
})

describe('content of responses, SotW', () => {
  check([
    [
      'rule 34: LDS and CDS are whole, also for names, also for one change',
      '= cds A1, cds B1, cds C1\n< cds A,B\n> cds A1 B1\n< cds ack\n= cds A2\n> cds A2 B1\n< cds ack\n= cds C2',
    ],
    [
      'rule 35: absence deletes; the last one leaves an empty answer',
      '= lds A1, lds B1\n< lds\n> lds A1 B1\n< lds ack\n= -lds A\n> lds B1\n< lds ack\n= -lds B\n> lds',
    ],
    [
      'rule 36: other types hold only what changed',
      '= eds A1, eds B1\n< eds A,B\n> eds A1 B1\n< eds ack\n= eds B2\n> eds B2',
    ],
    [
      'rule 37: other types have no word for deletion',
      '= rds A1, rds B1\n< rds A,B\n> rds A1 B1\n< rds ack\n= -rds A\n= rds B2\n> rds B2',
    ],
    ['rule 38: the missing name is passed over, the others are served', '= eds A1\n< eds A,gone\n> eds A1\n< eds ack'],
    ['rule 38: whole types answer with what there is', '= cds A1\n< cds A,gone\n> cds A1\n< cds ack'],
    ['rule 38: and a request for nothing that exists gets an empty whole', '= cds A1\n< lds gone\n> lds\n< lds ack'],
    ['rule 39: a missing name is remembered', '= eds A1\n< eds A,late\n> eds A1\n< eds ack\n= eds late1\n> eds late1'],
    ['rule 39: also where nothing was answered', '= cds A1\n< rds late\n= rds late1\n> rds late1'],
    ['rule 40: the answer to the first request is at once', '= rds A1\n< rds A\n> rds A1'],
    ['rule 41: an empty fleet is answered at once', '= nothing\n< cds\n> cds\n< cds ack\n< lds\n> lds\n< lds ack'],
    [
      'rule 41: a fleet that turns out to have nothing is answered then',
      '< cds\n< lds\n= nothing\n> cds\n< cds ack\n> lds',
    ],
    ['rule 41: a fleet that is not known yet holds', '< cds\n< eds A\n= cds A1, eds A1\n> cds A1\n> eds A1'],
    [
      'rule 42: fewer names need no response',
      '= cds A1, cds B1\n< cds A,B\n> cds A1 B1\n< cds ack A\n= cds B2\n= cds A2\n> cds A2',
    ],
  ])
})
