# SPDX-License-Identifier: MIT
"""SQLAlchemy: a pool that makes threads wait, the ORM, and asyncio's bridge by the real package greenlet."""

import asyncio
import os
import tempfile

import scene

scene.begin()

import sqlalchemy as sa  # noqa: E402
import sqlalchemy.ext.asyncio  # noqa: E402
from sqlalchemy import orm  # noqa: E402
from sqlalchemy.util import await_only, greenlet_spawn  # noqa: E402

Base = orm.declarative_base()


class Account(Base):
    __tablename__ = "account"
    id = sa.Column(sa.Integer, primary_key=True)
    owner = sa.Column(sa.String(40))
    amount = sa.Column(sa.Integer)


def in_postgres():
    """The ORM and the pool on psycopg2."""
    engine = sa.create_engine("postgresql+psycopg2://", pool_size=20, max_overflow=20, pool_timeout=30)
    Base.metadata.drop_all(engine)
    Base.metadata.create_all(engine)
    session_of = orm.sessionmaker(engine)

    def deposit(number):
        with session_of.begin() as session:
            session.add(Account(owner=f"owner {number % 10}", amount=number))
            session.flush()
            session.execute(sa.text("select pg_sleep(0.02)"))

    with scene.at_once("200 sessions on 40 connections"):
        scene.together(deposit)
    with session_of() as session:
        total = sa.select(sa.func.count(), sa.func.sum(Account.amount), sa.func.count(sa.distinct(Account.owner)))
        print("rows, sum, owners:", *session.execute(total).one())
    print("checked out:", engine.pool.checkedout())
    short = sa.create_engine("postgresql+psycopg2://", pool_size=1, max_overflow=0, pool_timeout=0.2)
    with short.connect():
        print("no connection left:", scene.said(short.connect, sa.exc.TimeoutError))

    def wait():
        with engine.connect() as connection:
            connection.execute(sa.text("select pg_sleep(60)"))

    scene.interrupts(wait)
    with engine.connect() as connection:
        print("after interrupts:", connection.scalar(sa.text("select 1")), engine.pool.checkedout())
    Base.metadata.drop_all(engine)
    engine.dispose()
    short.dispose()


def in_sqlite(_):
    """The ORM on a file of this thread's own."""
    with tempfile.TemporaryDirectory() as folder:
        engine = sa.create_engine("sqlite:///" + os.path.join(folder, "file"))
        Base.metadata.create_all(engine)
        with orm.Session(engine) as session:
            session.add_all(Account(owner=str(i), amount=i) for i in range(20))
            session.commit()
            total = session.scalar(sa.select(sa.func.sum(Account.amount)))
        engine.dispose()
        return total


def by_greenlets(number):
    """What SQLAlchemy's asyncio extension does: plain code in a greenlet, which awaits through it."""

    async def double(value):
        await asyncio.sleep(0.1)
        return 2 * value

    def plain(value):
        return [await_only(double(value + i)) for i in range(2)]

    async def all_of_it():
        return await asyncio.gather(*(greenlet_spawn(plain, number + i) for i in range(3)))

    return asyncio.run(all_of_it())


def main():
    in_postgres()
    print("in sqlite:", scene.together(in_sqlite, 10) == [190] * 10)
    with scene.at_once("50 event loops, each with three greenlets"):
        answers = scene.together(by_greenlets, 50)
    print("answers:", answers == [[[2 * (n + i), 2 * (n + i + 1)] for i in range(3)] for n in range(50)])


main()
