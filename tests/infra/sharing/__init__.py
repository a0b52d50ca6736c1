"""What tests share outside their process, each in a way that is right under any number of workers.

Deciding is apart from doing here, too; pytest's fixtures are in modules of their own beside this
package.
"""
