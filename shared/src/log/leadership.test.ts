import { describe, expect, it } from 'vitest'
import { createManualClock } from '../../testing/manual-clock.ts'
import { silentLogger } from '../runtime/logger.ts'
import { alwaysLeads, createElection } from './leadership.ts'

type Answer = 'held' | 'taken' | 'fails' | 'hangs'

function createScene() {
  const clock = createManualClock()
  const events: string[] = []
  const began = clock.now()
  const note = (what: string): void => void events.push(`${clock.now() - began} ${what}`)
  let answer: Answer = 'held'
  let slowEnd: Promise<void> | undefined
  const election = createElection({
    clock,
    random: () => 0,
    logger: silentLogger,
    lock: {
      async hold(signal) {
        if (answer === 'fails') throw new Error('no answer')
        if (answer === 'hangs') {
          await new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('aborted'))))
        }
        return answer === 'held'
      },
      async release() {
        note('released')
      },
    },
  })
  const stop = new AbortController()
  const done = election.lead(async (signal) => {
    note('leads')
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))
    note('stops')
    await slowEnd
    note('ended')
  }, stop.signal)
  return {
    clock,
    events,
    election,
    done,
    stop: () => stop.abort(),
    answer: (next: Answer) => {
      answer = next
    },
    endSlowly: (until: Promise<void>) => {
      slowEnd = until
    },
  }
}

describe('an election', () => {
  it('hands the lead back after a clean stop, when the work has ended', async () => {
    const { clock, events, stop, done, election } = createScene()
    await clock.advance(3_000)
    expect(election.standing()).toBe('leads')
    stop()
    await clock.advance(0)
    await done
    expect(events).toEqual(['0 leads', '3000 stops', '3000 ended', '3000 released'])
  })

  it.each<Answer>(['fails', 'hangs'])('ends at the deadline after the last renewal when the lock %s', async (how) => {
    const { clock, events, answer, stop, done, election } = createScene()
    await clock.advance(2_500)
    answer(how)
    await clock.advance(6_400)
    expect(events).toEqual(['0 leads'])
    await clock.advance(200)
    expect(events).toEqual(['0 leads', '9000 stops', '9000 ended', '9000 released'])
    expect(election.standing()).toBe('unknown')
    answer('held')
    await clock.advance(10_000)
    expect(events.slice(4, 5)).toEqual([expect.stringMatching(/leads$/)])
    stop()
    await clock.advance(0)
    await done
  })

  it('ends at once when another holds the lock, and waits for it', async () => {
    const { clock, events, answer, stop, done, election } = createScene()
    await clock.advance(1_500)
    answer('taken')
    await clock.advance(5_000)
    expect(events).toEqual(['0 leads', '2000 stops', '2000 ended', '2000 released'])
    expect(election.standing()).toBe('waits')
    stop()
    await clock.advance(0)
    await done
    expect(events).toHaveLength(4)
  })

  it('survives a failure that is shorter than the deadline', async () => {
    const { clock, events, answer, stop, done } = createScene()
    await clock.advance(1_500)
    answer('fails')
    await clock.advance(5_000)
    answer('held')
    await clock.advance(20_000)
    expect(events).toEqual(['0 leads'])
    stop()
    await clock.advance(0)
    await done
  })

  it('never works twice at a time, nor releases while work goes on', async () => {
    const scene = createScene()
    const end = Promise.withResolvers<void>()
    scene.endSlowly(end.promise)
    await scene.clock.advance(500)
    scene.answer('taken')
    await scene.clock.advance(1_000)
    scene.answer('held')
    await scene.clock.advance(5_000)
    expect(scene.events).toEqual(['0 leads', '1000 stops'])
    end.resolve()
    await scene.clock.advance(2_000)
    expect(scene.events.slice(2).map((event) => event.split(' ')[1])).toEqual(['ended', 'released', 'leads'])
    scene.stop()
    await scene.clock.advance(0)
    await scene.done
  })
})

it('without rivals there is nothing to wait for', async () => {
  let led = false
  await alwaysLeads.lead(async () => {
    led = true
  }, new AbortController().signal)
  expect(led).toBe(true)
})
