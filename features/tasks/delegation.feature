@tasks @delegation
Feature: Delegation goes down only
  One rule for every way in which work is given: to a lower tier, by who holds the permission, to somebody who is there and
  operational.

  Background:
    Given the studio

  @R3.04
  Rule: Work goes down, to who is there

    Scenario Outline: Who may hand work to whom
      When <from> delegates the portrait task to <to>
      Then <outcome>

      Examples: Downwards
        | from         | to               | outcome                                            |
        | the operator | ARTEMIS          | the portrait task is ASSIGNED to ARTEMIS           |
        | the operator | L3-CHAR-POSE-001 | the portrait task is ASSIGNED to L3-CHAR-POSE-001  |
        | ARTEMIS      | L2-CHAR-001      | the portrait task is ASSIGNED to L2-CHAR-001       |
        | ARTEMIS      | L3-CHAR-POSE-001 | the portrait task is ASSIGNED to L3-CHAR-POSE-001  |
        | L2-CHAR-001  | L3-CHAR-POSE-001 | the portrait task is ASSIGNED to L3-CHAR-POSE-001  |

      Examples: Sideways, upwards and to oneself
        | from             | to                | outcome                       |
        | ARTEMIS          | ORPHEUS           | it is refused with FORBIDDEN  |
        | ARTEMIS          | ARTEMIS           | it is refused with FORBIDDEN  |
        | ARTEMIS          | the operator      | it is refused with FORBIDDEN  |
        | L2-CHAR-001      | ARTEMIS           | it is refused with FORBIDDEN  |
        | L2-CHAR-001      | L2-MUSIC-001      | it is refused with FORBIDDEN  |
        | L2-CHAR-001      | L2-CHAR-001       | it is refused with FORBIDDEN  |
        | L3-CHAR-POSE-001 | L3-CHAR-COLOR-001 | it is refused with FORBIDDEN  |
        | L3-CHAR-POSE-001 | L2-CHAR-001       | it is refused with FORBIDDEN  |

    Scenario Outline: Nobody delegates without the permission for that tier
      Given the operator takes <permission> from <from>
      When <from> delegates the portrait task to <to>
      Then it is refused with FORBIDDEN

      Examples:
        | from        | permission     | to               |
        | ARTEMIS     | DELEGATE_TO_L2 | L2-CHAR-001      |
        | ARTEMIS     | DELEGATE_TO_L3 | L3-CHAR-POSE-001 |
        | L2-CHAR-001 | DELEGATE_TO_L3 | L3-CHAR-POSE-001 |

    Scenario: Work is not given to somebody who does not exist
      When ARTEMIS delegates the portrait task to L2-NOBODY-001
      Then it is refused with NOT_FOUND

    Scenario Outline: Work is not given to somebody who is not operational, and the refusal says how they are
      Given the operator <does away with> L2-CHAR-001 because "repairs"
      When ARTEMIS delegates the portrait task to L2-CHAR-001
      Then it is refused with CONFLICT
      And the refusal mentions "<status>"

      Examples:
        | does away with | status   |
        | deactivates    | INACTIVE |
        | breaks         | ERROR    |

    Scenario: A pending task may be taken by its creator, who could not delegate it to itself
      Given ARTEMIS creates the portrait task
      When ARTEMIS assigns the portrait task to ARTEMIS
      Then the portrait task is ASSIGNED to ARTEMIS

  @R3.02
  Rule: Who may hand on what somebody created

    Scenario: A higher tier than the creator may assign a task too
      Given L2-CHAR-001 creates the portrait task
      When ARTEMIS assigns the portrait task to L3-CHAR-POSE-001
      Then the portrait task is ASSIGNED to L3-CHAR-POSE-001

    Scenario: A lower tier than the creator may not
      Given the portrait task of L2-CHAR-001 is ASSIGNED
      When L2-CHAR-001 assigns the portrait task to L3-CHAR-POSE-001
      Then it is refused with FORBIDDEN

  @R3.05
  Rule: A child belongs to a task in hand

    Scenario: A child belongs to the task in hand
      Given the portrait task of L2-CHAR-001 is IN_PROGRESS
      When L2-CHAR-001 delegates the pose task to L3-CHAR-POSE-001 under the portrait task
      Then the request succeeds
      And the children of the portrait task are the pose task
      And the parent of the pose task is the portrait task

    Scenario Outline: Nobody makes a child of a task that is not in hand
      Given the portrait task of L2-CHAR-001 is <status>
      When L2-CHAR-001 delegates the pose task to L3-CHAR-POSE-001 under the portrait task
      Then it is refused with CONFLICT

      Examples:
        | status           |
        | ASSIGNED         |
        | REVIEW_REQUESTED |
        | COMPLETED        |
        | CANCELLED        |

    Scenario: Nobody makes a child of a task that somebody else holds
      Given the portrait task of L2-CHAR-001 is IN_PROGRESS
      When ARTEMIS delegates the pose task to L3-CHAR-POSE-001 under the portrait task
      Then it is refused with FORBIDDEN

    Scenario: The control center may
      Given the portrait task of L2-CHAR-001 is IN_PROGRESS
      When the operator delegates the pose task to L3-CHAR-POSE-001 under the portrait task
      Then the children of the portrait task are the pose task

    Scenario Outline: Open children hold their parent back, and are named
      Given the portrait task of L2-CHAR-001 is IN_PROGRESS
      And L2-CHAR-001 has delegated the pose task to L3-CHAR-POSE-001 under the portrait task
      When L2-CHAR-001 <hands in> the portrait task
      Then it is refused with CONFLICT
      And the refusal names the pose task
      When L3-CHAR-POSE-001 starts the pose task
      And L3-CHAR-POSE-001 completes the pose task
      And L2-CHAR-001 <hands in> the portrait task
      Then the request succeeds

      Examples:
        | hands in             |
        | completes            |
        | asks for a review of |

    Scenario: A parent that failed keeps its children for the next attempt
      Given the portrait task of L2-CHAR-001 is IN_PROGRESS
      And L2-CHAR-001 has delegated the pose task to L3-CHAR-POSE-001 under the portrait task
      When L2-CHAR-001 fails the portrait task because "the brush broke"
      Then the pose task is ASSIGNED to L3-CHAR-POSE-001
      When ARTEMIS retries the portrait task
      And L2-CHAR-001 starts the portrait task
      Then the children of the portrait task are the pose task

    @R10.05
    Scenario: Delegation does not go deeper and deeper
      When the operator nests tasks one in the other until it is refused
      Then it is refused with LIMIT_EXCEEDED
      And the refusal names the limit

  @R3.12
  Rule: What the children bring is gathered

    Scenario: The results of the children come back in one
      Given the portrait task of L2-CHAR-001 is IN_PROGRESS
      And L2-CHAR-001 has delegated the pose task to L3-CHAR-POSE-001 under the portrait task
      And L2-CHAR-001 has delegated the color task to L3-CHAR-COLOR-001 under the portrait task
      And L2-CHAR-001 has delegated the shadow task to L3-CHAR-COLOR-001 under the portrait task
      When L3-CHAR-POSE-001 starts the pose task
      And L3-CHAR-POSE-001 completes the pose task with the sketch "one knee bent"
      And L3-CHAR-COLOR-001 starts the color task
      And L3-CHAR-COLOR-001 fails the color task because "out of ochre"
      Then L2-CHAR-001 is told of the portrait task's three children: one COMPLETED, one FAILED and one ASSIGNED
      And the results of the portrait task contain the sketch "one knee bent"
      And the results of the portrait task say "out of ochre" first
      And the results of the portrait task are not complete

    Scenario: Results are for those who may gather them
      Given the portrait task of L2-CHAR-001 is IN_PROGRESS
      And the operator takes AGGREGATE_L3_RESULTS from L2-CHAR-001
      When L2-CHAR-001 gathers the results of the portrait task
      Then it is refused with FORBIDDEN
