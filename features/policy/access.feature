@policy
Feature: Who may do what
  Closed by default: every door names who may pass, and a refusal comes before anything is looked at.

  Background:
    Given the studio

  @R2.03 @R10.06
  Scenario Outline: A stranger gets nowhere
    When a stranger tries to <do something>
    Then it is refused with UNAUTHENTICATED

    Examples:
      | do something             |
      | ask who it is            |
      | list agents              |
      | list tasks               |
      | read the audit log       |
      | create a task            |
      | register an agent        |
      | revoke sessions          |
      | define a task type       |
      | look up a node           |

  @R1.03
  Scenario Outline: What each tier may try
    When <somebody> tries to <do something>
    Then <outcome>

    Examples: Directing agents is the control center's work
      | somebody         | do something                  | outcome                      |
      | L3-CHAR-POSE-001 | register an agent             | it is refused with FORBIDDEN |
      | L2-CHAR-001      | register an agent             | it is refused with FORBIDDEN |
      | ARTEMIS          | register an agent             | it is refused with FORBIDDEN |
      | the operator     | register an agent             | the request succeeds         |
      | ARTEMIS          | deactivate an agent           | it is refused with FORBIDDEN |
      | the operator     | deactivate an agent           | the request succeeds         |
      | ARTEMIS          | configure an agent            | it is refused with FORBIDDEN |
      | the operator     | configure an agent            | the request succeeds         |
      | ARTEMIS          | change permissions            | it is refused with FORBIDDEN |
      | the operator     | change permissions            | the request succeeds         |
      | ARTEMIS          | issue a session               | it is refused with FORBIDDEN |
      | the operator     | issue a session               | the request succeeds         |
      | ARTEMIS          | revoke sessions               | it is refused with FORBIDDEN |
      | the operator     | revoke sessions               | the request succeeds         |

    Examples: Tasks are created from L2 upwards
      | somebody         | do something                  | outcome                      |
      | L3-CHAR-POSE-001 | create a task                 | it is refused with FORBIDDEN |
      | L2-CHAR-001      | create a task                 | the request succeeds         |
      | ARTEMIS          | create a task                 | the request succeeds         |
      | the operator     | create a task                 | the request succeeds         |
      | L3-CHAR-POSE-001 | execute a task                | the request succeeds         |
      | L2-CHAR-001      | execute a task                | the request succeeds         |

    Examples: The pipeline belongs to directors
      | somebody         | do something                  | outcome                      |
      | L3-CHAR-POSE-001 | define a task type            | it is refused with FORBIDDEN |
      | L2-CHAR-001      | define a task type            | it is refused with FORBIDDEN |
      | ARTEMIS          | define a task type            | the request succeeds         |
      | L2-CHAR-001      | read the fleet's figures      | it is refused with FORBIDDEN |
      | ARTEMIS          | read the fleet's figures      | the request succeeds         |
      | L2-CHAR-001      | read the review queue         | it is refused with FORBIDDEN |
      | ARTEMIS          | read the review queue         | the request succeeds         |

    Examples: The log is the control center's to read
      | somebody         | do something                  | outcome                      |
      | L3-CHAR-POSE-001 | read the audit log            | it is refused with FORBIDDEN |
      | L2-CHAR-001      | read the audit log            | it is refused with FORBIDDEN |
      | ARTEMIS          | read the audit log            | it is refused with FORBIDDEN |
      | the operator     | read the audit log            | the request succeeds         |

    Examples: Anybody may look around
      | somebody         | do something                  | outcome                      |
      | L3-CHAR-POSE-001 | ask who it is                 | the request succeeds         |
      | L3-CHAR-POSE-001 | list agents                   | the request succeeds         |
      | L3-CHAR-POSE-001 | list tasks                    | the request succeeds         |
      | L3-CHAR-POSE-001 | list task types               | the request succeeds         |

  @R10.06
  Scenario: A refusal says its code, whether to try again, and which request it was
    When L3-CHAR-POSE-001 tries to create a task
    Then it is refused with FORBIDDEN
    And the refusal says that trying again is of no use
    And the refusal names the request

  @R10.06
  Scenario Outline: A request that is no GraphQL is refused with a code all the same
    When L2-CHAR-001 sends <something wrong>
    Then it is refused with BAD_USER_INPUT
    And the refusal says that trying again is of no use
    And the refusal names the request

    Examples:
      | something wrong                  |
      | a document that does not parse   |
      | a field that does not exist      |
      | an argument of the wrong type    |
      | a query without its argument     |

  @R5.04
  Scenario: A denial is written down with what was needed and what the caller had
    When L3-CHAR-POSE-001 tries to create a task
    Then it is refused with FORBIDDEN
    And the audit log has an entry ACCESS_DENIED by L3-CHAR-POSE-001
    And the entry says what was needed and what the caller had

  @R5.04
  Scenario: The first five denials of a minute are written one by one
    When L3-CHAR-POSE-001 tries three times to create a task
    Then the audit log has three entries ACCESS_DENIED by L3-CHAR-POSE-001

  @R5.04 @R1.09
  Scenario: A look at something hidden is answered like a look at nothing, and is written down
    Given ARTEMIS has delegated the portrait task to L2-CHAR-001
    When L2-MUSIC-001 starts the portrait task
    Then it is refused with NOT_FOUND
    And the audit log has an entry ACCESS_DENIED by L2-MUSIC-001
