@tasks @finding
Feature: Finding tasks
  Each caller lists what it may see, filtered and in pages.

  Background:
    Given the studio
    And ARTEMIS has delegated the portrait task to L2-CHAR-001 with priority HIGH
    And ARTEMIS creates the banner task
    And ORPHEUS has delegated the song task to L2-MUSIC-001
    And L2-MUSIC-001 starts the song task

  @R1.09 @alone
  Scenario Outline: Everybody lists what it may see
    When <somebody> lists the tasks
    Then the list holds <tasks>

    Examples:
      | somebody     | tasks                                                |
      | the operator | the portrait task, the banner task and the song task |
      | ARTEMIS      | the portrait task and the banner task                |
      | ORPHEUS      | the song task                                        |
      | L2-CHAR-001  | the portrait task                                    |

  @R3.01 @alone
  Scenario Outline: Tasks are found by filter
    When the operator lists the tasks <filter>
    Then the list holds <tasks>

    Examples:
      | filter                        | tasks                                 |
      | that are IN_PROGRESS          | the song task                         |
      | with priority HIGH            | the portrait task                     |
      | assigned to L2-CHAR-001       | the portrait task                     |
      | created by ARTEMIS            | the portrait task and the banner task |

  @R3.01 @alone
  Scenario: A filter that fits nothing finds nothing
    When the operator lists the tasks that are COMPLETED
    Then the list is empty

  @R1.09 @alone
  Scenario: A long list comes in pages, each task once, the newest first
    When the operator reads all tasks in pages of 2
    Then three tasks came, each once
    And the total count was three

  @R1.09
  Scenario: An agent's tasks are listed at the agent
    Then the tasks of L2-CHAR-001 are the portrait task
